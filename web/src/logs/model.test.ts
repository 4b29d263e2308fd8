import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Line } from "@/api/types";
import { LogModel, noFilter } from "./model";

const line = (seq: number, part: Partial<Line> = {}): Line => ({
  seq,
  time: "2026-01-02T03:04:05Z",
  source: "app",
  text: `line ${seq}`,
  ...part,
});
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => line(from + i));
const seqs = (model: LogModel) => model.rows.flatMap((row) => (row.kind === "line" ? [row.line.seq] : []));

describe("LogModel", () => {
  it("resumes from the last line, and leaves out what overlaps", () => {
    const model = new LogModel();
    expect(model.cursor).toBe(0);
    model.addLines(range(1, 5));
    expect(model.cursor).toBe(5);
    model.addLines(range(4, 7));
    expect(seqs(model)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it("shows one cut however many attempts follow, and when it was over", () => {
    const model = new LogModel();
    model.cut(1);
    expect(model.rows).toHaveLength(0); // nothing was there to be cut
    model.addLines([line(1)]);
    model.cut(10);
    model.cut(20);
    expect(model.rows.at(-1)).toEqual({ kind: "cut", at: 10 });
    model.resumed(30);
    model.addLines([line(2)]);
    expect(model.rows.map((row) => row.kind)).toEqual(["line", "cut", "line"]);
    expect(model.rows[1]).toEqual({ kind: "cut", at: 10, resumedAt: 30 });
    model.cut(40);
    expect(model.rows.at(-1)).toEqual({ kind: "cut", at: 40 });
  });

  it("marks gaps and goes on after them", () => {
    const model = new LogModel();
    model.addLines([line(1)]);
    model.addGap({ from: 2, to: 90, reason: "slow" });
    expect(model.cursor).toBe(90);
    model.addGap({ from: 2, to: 90, reason: "slow" });
    model.addLines([line(90), line(91)]);
    expect(model.rows.map((row) => row.kind)).toEqual(["line", "gap", "line"]);
  });

  it("holds no more than its cap, newest kept, and says how many it let go", () => {
    const model = new LogModel(100);
    for (let from = 1; from <= 1000; from += 10) model.addLines(range(from, from + 9));
    expect(model.size).toBeLessThanOrEqual(100);
    expect(model.size).toBeGreaterThan(90);
    expect(model.dropped + model.size).toBe(1000);
    expect(seqs(model).at(-1)).toBe(1000);
    expect(model.droppedVisible + model.rows.length).toBe(1000);
  });

  it("lets a batch greater than the cap through", () => {
    const model = new LogModel(100);
    model.addLines(range(1, 5000));
    expect(model.size).toBeLessThanOrEqual(100);
    expect(seqs(model).at(-1)).toBe(5000);
  });

  it("filters by process, instance, stream, source and text without its colours", () => {
    const model = new LogModel();
    model.addLines([
      line(1, { process: "web", instance: "a.web.v1.1", stream: "stdout", text: "\x1b[32mHel\x1b[0mlo" }),
      line(2, { process: "worker", instance: "a.worker.v1.1", stream: "stderr", text: "boom" }),
      line(3, { source: "router", text: "GET /hello" }),
      line(4, { source: "slipway", text: "started" }),
    ]);
    const shown = (part: object) => {
      model.setFilter({ ...noFilter, ...part });
      return seqs(model);
    };
    expect(shown({ process: "web" })).toEqual([1]);
    expect(shown({ instance: "a.worker.v1.1" })).toEqual([2]);
    expect(shown({ stream: "stderr" })).toEqual([2]);
    expect(shown({ stream: "router" })).toEqual([3]);
    expect(shown({ stream: "slipway" })).toEqual([4]);
    expect(shown({ text: "HELLO" })).toEqual([1, 3]);
    expect(shown({})).toEqual([1, 2, 3, 4]);
    expect([...model.processes]).toEqual(["web", "worker"]);
  });

  it("finds the row of a line, or what comes after it", () => {
    const model = new LogModel();
    model.addLines(range(10, 30));
    expect(model.rowOf(10)).toBe(0);
    expect(model.rowOf(15)).toBe(5);
    model.setFilter({ ...noFilter, text: "2" });
    expect(seqs(model)[model.rowOf(15)]).toBe(20);
    expect(seqs(model)[model.rowOf(99)]).toBe(29);
  });

  it("keeps marks when lines are filtered away", () => {
    const model = new LogModel();
    model.addLines([line(1, { process: "web" })]);
    model.cut(5);
    model.setFilter({ ...noFilter, process: "worker" });
    model.resumed(6);
    model.addLines([line(2, { process: "web" })]);
    expect(model.rows).toEqual([{ kind: "cut", at: 5, resumedAt: 6 }]);
  });

  it("holds, whatever comes in whatever order", () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant("lines" as const),
        from: fc.integer({ min: 1, max: 400 }),
        n: fc.integer({ min: 0, max: 60 }),
      }),
      fc.record({
        do: fc.constant("gap" as const),
        from: fc.integer({ min: 1, max: 400 }),
        n: fc.integer({ min: 0, max: 60 }),
      }),
      fc.record({
        do: fc.constantFrom("cut" as const, "resumed" as const, "filter" as const),
        from: fc.constant(0),
        n: fc.constant(0),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const model = new LogModel(50);
        let odd = false;
        for (const one of steps) {
          const before = model.cursor;
          if (one.do === "lines") model.addLines(range(one.from, one.from + one.n));
          else if (one.do === "gap") model.addGap({ from: one.from, to: one.from + one.n, reason: "slow" });
          else if (one.do === "cut") model.cut(1);
          else if (one.do === "resumed") model.resumed(2);
          else {
            odd = !odd;
            model.setFilter({ ...noFilter, text: odd ? "7" : "" });
          }
          expect(model.cursor).toBeGreaterThanOrEqual(before);
          expect(model.size).toBeLessThanOrEqual(51); // a cut is marked even when it is full
        }
        const kept = seqs(model);
        expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
        if (odd) for (const row of model.rows) if (row.kind === "line") expect(row.line.text).toContain("7");
        if (!odd) expect(model.rows).toEqual(model.all);
        expect(model.lines.shown).toBe(kept.length);
        expect(model.lines.held).toBe(model.all.filter((row) => row.kind === "line").length);
      }),
    );
  });
});
