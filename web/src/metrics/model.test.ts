import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anInstance, someMetrics } from "@/test/metrics";
import { moved, stepOf } from "./cursor";
import { marksNear, marksOf } from "./marks";
import { asRange, type Graph, graphsOf, instanceLines, nowOf, shares, tableRows, usageOf } from "./model";
import { sparkPath, totals } from "./Sparkline";
import { lonely, peakOf, ticksOf, topOf } from "./scale";

const times = [100, 110, 120, 130, 140, 150, 160, 170];

describe("graphsOf", () => {
  it("has an error rate only where there were requests", () => {
    expect(shares([0, 1, null, 2, 0], [0, 4, 4, null, 5])).toEqual([null, 25, null, null, 0]);
  });

  it("joins the instances that followed each other in one place, web first", () => {
    const lines = instanceLines(
      [
        anInstance("worker", 1, 1, [5, 5, 5], []),
        anInstance("web", 2, 1, [null, 20, 21], []),
        anInstance("web", 1, 1, [10, 11, null], []),
        anInstance("web", 1, 2, [7, null, null], []),
      ],
      (i) => i.cpu_milli,
    );
    expect(lines.map((line) => [line.label, line.values])).toEqual([
      ["web.1", [10, 20, 21]],
      ["web.2", [7, null, null]],
      ["worker.1", [5, 5, 5]],
    ]);
    expect(new Set(lines.map((line) => line.color)).size).toBe(3);
  });

  it("takes the limit of the newest release, and none where there is none", () => {
    const old = anInstance("web", 1, 1, [1], [1]);
    const unlimited = { ...anInstance("web", 2, 1, [1], [1]), memory_limit_bytes: 0, cpu_limit_milli: 250 };
    const graphs = graphsOf(someMetrics([100], { instances: [old, unlimited] }));
    expect(graphs.find((g) => g.name === "cpu")?.limit).toBe(0.25);
    expect(graphs.find((g) => g.name === "memory")?.limit).toBeUndefined();
  });
});

describe("nowOf", () => {
  it("is the mean of the last minute, and does not mind steps that nobody has told of yet", () => {
    const now = nowOf(
      someMetrics(times, {
        requests_per_second: [99, 99, 2, 2, 4, 4, 4, null],
        errors_per_second: [0, 0, 0, 0, 1, 0, 0, null],
        p95_ms: [1, 1, 30, 30, 40, 40, null, null],
      }),
    );
    // Six steps up to the newest that is known.
    expect(now.requests).toBeCloseTo((99 + 2 + 2 + 4 + 4 + 4) / 6);
    expect(now.errors).toBeCloseTo((100 * (1 / 6)) / ((99 + 16) / 6));
    expect(now.p95).toBe(40);
  });

  it("knows nothing from nothing, and no latency without requests", () => {
    expect(nowOf(someMetrics(times))).toEqual({ requests: null, errors: null, p95: null });
    const idle = someMetrics(times, {
      requests_per_second: times.map(() => 0),
      errors_per_second: times.map(() => 0),
      p95_ms: [12, 12, 12, 12, 12, 12, 12, null],
    });
    expect(nowOf(idle)).toEqual({ requests: 0, errors: null, p95: null });
  });
});

describe("the table", () => {
  it("sums up to so many rows, newest first", () => {
    const rows = tableRows(
      someMetrics(times, {
        requests_per_second: [1, 3, null, null, 2, 2, 8, 0],
        p95_ms: [10, 30, null, null, 5, 4, 9, null],
      }),
      4,
    );
    expect(rows.map((row) => [row.from, row.requests, row.p95])).toEqual([
      [160, 4, 9],
      [140, 2, 5],
      [120, null, null],
      [100, 2, 30],
    ]);
  });
});

describe("an instance's usage", () => {
  it("is the newest of the last minute", () => {
    const m = someMetrics(times, {
      instances: [
        anInstance("web", 3, 1, [1, 2, 3, 4, 5, 6, 7, null], [8, 7, 6, 5, 4, 3, 2, 1]),
        anInstance(
          "web",
          2,
          1,
          [9, null, null, null, null, null, null, null],
          times.map(() => null),
        ),
      ],
    });
    expect(usageOf(m, "hello.web.v3.1")).toMatchObject({ cpu: 7, memory: 1 });
    expect(usageOf(m, "hello.web.v2.1")).toMatchObject({ cpu: null, memory: null });
    expect(usageOf(m, "hello.web.v9.1")).toBeUndefined();
  });
});

describe("marks", () => {
  const deployment = (number: number, state: string, finished: number | undefined) =>
    ({
      number,
      state,
      release: number + 10,
      finished_at: finished && new Date(finished * 1000).toISOString(),
    }) as never;

  it("are the deployments that went live or failed in the time shown", () => {
    const marks = marksOf(
      [
        deployment(6, "building", undefined),
        deployment(5, "succeeded", 165),
        deployment(4, "cancelled", 150),
        deployment(3, "failed", 140),
        deployment(2, "succeeded", 120),
        deployment(1, "succeeded", 20),
      ],
      100,
      180,
    );
    expect(marks.map((m) => [m.number, m.version, m.at])).toEqual([
      [2, 12, 120],
      [3, 0, 140],
      [5, 15, 165],
    ]);
    expect(marksNear(marks, 138, 5).map((m) => m.number)).toEqual([3]);
  });
});

describe("where one points", () => {
  it("is the step a time lies in, and none that has gone", () => {
    expect(stepOf(times, 100)).toBe(0);
    expect(stepOf(times, 139)).toBe(3);
    expect(stepOf(times, 179)).toBe(7);
    expect(stepOf(times, 99)).toBeUndefined();
    expect(stepOf(times, 180)).toBeUndefined();
    expect(stepOf([], 5)).toBeUndefined();
  });

  it("moves by keys and stays within", () => {
    expect(moved("ArrowLeft", undefined, 8)).toBe(7);
    expect(moved("ArrowLeft", 0, 8)).toBe(0);
    expect(moved("ArrowRight", 7, 8)).toBe(7);
    expect(moved("Home", 5, 8)).toBe(0);
    expect(moved("PageUp", 0, 360)).toBe(30);
    expect(moved("Tab", 5, 8)).toBeUndefined();
    expect(moved("Home", undefined, 0)).toBeUndefined();
  });
});

describe("a graph's scale", () => {
  const graph = (values: (number | null)[], limit?: number): Graph => ({
    name: "memory",
    unit: "bytes",
    limit,
    lines: [{ key: "a", color: "chart-1", values }],
  });
  const MiB = 1024 * 1024;

  it("holds the limit once a quarter of it is used, and not before", () => {
    expect(topOf(graph([20 * MiB], 512 * MiB))).toBeLessThan(40 * MiB);
    expect(topOf(graph([200 * MiB], 512 * MiB))).toBeGreaterThan(512 * MiB);
    expect(topOf(graph([600 * MiB], 512 * MiB))).toBeGreaterThan(600 * MiB);
    expect(topOf(graph([null]))).toBeGreaterThan(0);
  });

  it("ends below a lone peak of latency, which it then tells, and not below what is usual", () => {
    const latency = (p99: (number | null)[]): Graph => ({
      name: "latency",
      unit: "ms",
      lines: [{ key: "p99", color: "chart-3", values: p99 }],
    });
    const calm = Array.from({ length: 100 }, () => 80);
    expect(peakOf(latency([...calm, 4000]))).toBe(4000);
    expect(topOf(latency([...calm, 4000]))).toBeLessThan(200);
    expect(peakOf(latency([...calm, 200]))).toBeUndefined();
    expect(peakOf(latency([80, null, 4000]))).toBeUndefined();
    expect(topOf(latency([80, null, 4000]))).toBeGreaterThan(4000);
    const often = Array.from({ length: 100 }, (_, i) => (i % 10 === 0 ? 4000 : 80));
    expect(peakOf(latency(often))).toBeUndefined();
  });

  it("has few ticks, from zero, evenly, within the top", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1e13, noNaN: true }),
        fc.constantFrom("rate", "ms", "percent", "cores", "bytes"),
        (top, unit) => {
          const ticks = ticksOf(top, unit as Graph["unit"]);
          expect(ticks[0]).toBe(0);
          expect(ticks.length).toBeGreaterThanOrEqual(2);
          expect(ticks.length).toBeLessThanOrEqual(6);
          expect(ticks.at(-1)).toBeLessThanOrEqual(top * 1.001);
        },
      ),
    );
  });

  it("finds the values that no line goes through", () => {
    expect(lonely([1, null, 2, 3, null, 4])).toEqual([0, 5]);
    expect(lonely([null, null])).toEqual([]);
  });
});

describe("a sparkline", () => {
  it("breaks where nothing is known", () => {
    expect(sparkPath([0, 10, null, 5], 30, 22, 10)).toBe("M0 21L10 1M30 11h3.3");
    expect(sparkPath([null, null], 30, 22, 10)).toBe("");
  });

  it("has no totals where nothing is known", () => {
    expect(totals(undefined)).toBeUndefined();
    expect(totals({ requests: [null], errors: [null] })).toBeUndefined();
    expect(totals({ requests: [3, null, 4], errors: [1, null, 0] })).toEqual({ requests: 7, errors: 1 });
  });
});

it("a range is one of those there are", () => {
  expect(asRange("6h")).toBe("6h");
  expect(asRange("7d")).toBe("1h");
  expect(asRange("")).toBe("1h");
});
