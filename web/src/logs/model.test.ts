import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Line } from "@/api/types";
import { LogModel } from "./model";
import { noQuery, type Query } from "./query";

const line = (seq: number, part: Partial<Line> = {}): Line => ({
  seq,
  time: "2026-01-02T03:04:05Z",
  source: "app",
  text: `line ${seq}`,
  ...part,
});
const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => line(from + i));
const rows = (model: LogModel) => model.view.slice(0, 1e9);
const seqs = (model: LogModel) => rows(model).flatMap((row) => (row.kind === "line" ? [row.line.seq] : []));
const kinds = (model: LogModel) => rows(model).map((row) => row.kind);
const done = Number.POSITIVE_INFINITY;
const narrow = (model: LogModel, part: Partial<Query>) => {
  model.setQuery({ ...noQuery, ...part });
  while (model.work(done));
  return seqs(model);
};

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
    expect(rows(model)).toHaveLength(0); // nothing was there to be cut
    model.addLines([line(1)]);
    model.cut(10);
    model.cut(20);
    expect(model.view.last).toMatchObject({ kind: "cut", at: 10 });
    model.resumed(30);
    model.addLines([line(2)]);
    expect(kinds(model)).toEqual(["line", "cut", "line"]);
    expect(rows(model)[1]).toMatchObject({ kind: "cut", at: 10, resumedAt: 30, rev: 1 });
    model.cut(40);
    expect(model.view.last).toMatchObject({ kind: "cut", at: 40 });
    expect(model.lines).toEqual({ held: 2, shown: 2 });
  });

  it("marks gaps and goes on after them", () => {
    const model = new LogModel();
    model.addLines([line(1)]);
    model.addGap({ from: 2, to: 90, reason: "slow" });
    expect(model.cursor).toBe(90);
    model.addGap({ from: 2, to: 90, reason: "slow" });
    model.addLines([line(90), line(91)]);
    expect(kinds(model)).toEqual(["line", "gap", "line"]);
  });

  it("holds no more than its cap, newest kept, and says how many it let go", () => {
    const model = new LogModel(100);
    for (let from = 1; from <= 1000; from += 10) model.addLines(range(from, from + 9));
    expect(model.lines.held).toBeLessThanOrEqual(100);
    expect(model.lines.held).toBeGreaterThan(90);
    expect(model.dropped + model.lines.held).toBe(1000);
    expect(seqs(model).at(-1)).toBe(1000);
    model.addLines(range(1001, 9000));
    expect(model.lines.held).toBeLessThanOrEqual(100);
    expect(seqs(model).at(-1)).toBe(9000);
  });

  it("never pushes out the place where the reader stands, and joins the live end again", () => {
    const model = new LogModel(100);
    model.addLines(range(1, 100));
    model.place = 30;
    model.seen = 100;
    for (let from = 101; from <= 600; from += 10) model.addLines(range(from, from + 9));
    expect(seqs(model)).toContain(30);
    expect(model.attached).toBe(false);
    expect(model.cursor).toBe(600);
    expect(model.unseen).toBe(500);
    // What was not held is fetched, until the lines that wait are reached.
    while (!model.attached) {
      model.place = model.end - 10;
      model.extend(range(model.end + 1, Math.min(600, model.end + 40)));
    }
    expect(model.attached).toBe(true);
    model.place = undefined;
    model.addLines(range(601, 605));
    expect(seqs(model).at(-1)).toBe(605);
    expect(seqs(model)).toEqual(range(606 - model.lines.held, 605).map((one) => one.seq));
  });

  it("goes to the end with what waits, or with what was fetched", () => {
    const model = new LogModel(100);
    model.addLines(range(1, 100));
    model.place = 1;
    model.addLines(range(101, 150));
    expect(model.toEnd()).toBe(false);
    model.place = undefined;
    model.reset(range(80, 148)); // the live lines were ahead of the answer
    expect(model.attached).toBe(true);
    expect(seqs(model)).toEqual(range(80, 150).map((one) => one.seq));
    model.place = 80;
    model.addLines(range(151, 2000));
    expect(model.attached).toBe(false);
    expect(model.toEnd()).toBe(true);
    expect(seqs(model).at(-1)).toBe(2000);
    expect(model.waiting).toBe(0);
  });

  it("takes older lines in front, lets go of the newest for them, and knows the beginning", () => {
    const model = new LogModel(100);
    model.addLines(range(501, 560));
    model.prepend(range(461, 500));
    expect(seqs(model)).toEqual(range(461, 560).map((one) => one.seq));
    expect(model.attached).toBe(true);
    expect(model.start).toBe(461);
    model.prepend(range(421, 460));
    expect(model.attached).toBe(false);
    expect(seqs(model)[0]).toBe(421);
    expect(model.lines.held).toBeLessThanOrEqual(100);
    expect(model.earliest).toBe(false);
    model.prepend(range(411, 420), { from: 321, to: 410, reason: "expired" });
    expect(kinds(model)[0]).toBe("gap");
    expect(model.earliest).toBe(true);
  });

  it("filters by process, instance, stream, source, level and text without its colours", () => {
    const model = new LogModel();
    model.addLines([
      line(1, {
        process: "web",
        instance: "a.web.v1.1",
        stream: "stdout",
        text: "\x1b[32mHel\x1b[0mlo level=warn",
      }),
      line(2, { process: "worker", instance: "a.worker.v1.1", stream: "stderr", text: "ERROR boom" }),
      line(3, { source: "router", text: "GET a.localhost/hello 200 1ms" }),
      line(4, { source: "slipway", text: "started" }),
    ]);
    expect(narrow(model, { process: "web" })).toEqual([1]);
    expect(narrow(model, { instance: "a.worker.v1.1" })).toEqual([2]);
    expect(narrow(model, { stream: "stderr" })).toEqual([2]);
    expect(narrow(model, { stream: "access" })).toEqual([3]);
    expect(narrow(model, { stream: "platform" })).toEqual([4]);
    expect(narrow(model, { level: "warn" })).toEqual([1, 2]);
    expect(narrow(model, { level: "error" })).toEqual([2]);
    expect(narrow(model, { q: "HELLO" })).toEqual([1, 3]);
    expect(narrow(model, { q: "HELLO", case: true })).toEqual([]);
    expect(narrow(model, { q: "^hel+o|^get", regex: true })).toEqual([1, 3]);
    expect(narrow(model, { q: "hello", only: false })).toEqual([1, 2, 3, 4]);
    expect(model.view.hits).toBe(2);
    expect(narrow(model, { q: "(", regex: true })).toEqual([1, 2, 3, 4]);
    expect([...model.processes]).toEqual(["web", "worker"]);
  });

  it("goes through many lines in slices, and takes what comes meanwhile", () => {
    const model = new LogModel();
    model.addLines(range(1, 5000));
    model.setQuery({ ...noQuery, q: "7" });
    expect(model.work(0)).toBe(true);
    expect(model.view.length).toBe(5000); // what was shown stays
    model.addLines(range(5001, 5010));
    let slices = 1;
    while (model.work(0)) slices++;
    expect(slices).toBeGreaterThan(10);
    expect(seqs(model)).toEqual(range(1, 5010).flatMap((one) => (one.text.includes("7") ? [one.seq] : [])));
    expect(model.view.hits).toBe(model.view.length);
  });

  it("holds, whatever comes in whatever order", () => {
    const step = fc.record({
      do: fc.constantFrom(
        "lines",
        "gap",
        "cut",
        "resumed",
        "query",
        "place",
        "earlier",
        "later",
        "end",
        "work",
      ),
      n: fc.integer({ min: 0, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const model = new LogModel(50);
        let query = noQuery;
        let last = 300; // what the server has written
        for (const { do: what, n } of steps) {
          const before = model.cursor;
          if (what === "lines") {
            const from = model.cursor === 0 ? last - 20 : model.cursor + 1;
            last += n;
            model.addLines(range(from, last));
          } else if (what === "gap" && model.cursor > 0) {
            last += n + 1;
            model.addGap({ from: model.cursor + 1, to: last, reason: "slow" });
          } else if (what === "cut") model.cut(1);
          else if (what === "resumed") model.resumed(2);
          else if (what === "query") {
            query = { ...noQuery, q: n % 2 ? String(n % 10) : "", only: n % 3 > 0 };
            model.setQuery(query);
          } else if (what === "place") model.place = n % 2 ? model.view.at(n)?.order : undefined;
          else if (what === "earlier" && model.start > 1) {
            model.prepend(range(Math.max(1, model.start - n), model.start - 1));
          } else if (what === "later" && !model.attached)
            model.extend(range(model.end + 1, Math.min(last, model.end + n)));
          else if (what === "end" && !model.toEnd()) model.reset(range(last - 20, last));
          else if (what === "work") model.work(0);
          expect(model.cursor).toBeGreaterThanOrEqual(before);
          expect(model.lines.held).toBeLessThanOrEqual(51);
          if (model.attached && model.cursor > 0) expect(model.end).toBe(model.cursor);
        }
        while (model.work(done));
        const all = rows(model);
        const orders = all.map((row) => row.order);
        expect(orders).toEqual([...new Set(orders)].sort((a, b) => a - b));
        const wanted = model.range(0, 1e9).filter((row) => !query.only || row.line.text.includes(query.q));
        expect(seqs(model)).toEqual(wanted.map((row) => row.line.seq));
        expect(model.lines.shown).toBe(wanted.length);
        expect(model.view.hits).toBe(
          query.q ? wanted.filter((row) => row.line.text.includes(query.q)).length : 0,
        );
        // Held lines follow one another without holes but those that gaps mark.
        const held = model.range(0, 1e9).map((row) => row.line.seq);
        const gaps = all.flatMap((row) => (row.kind === "gap" ? [row.gap] : []));
        for (let i = 1; i < held.length; i++) {
          const [a, b] = [held[i - 1] as number, held[i] as number];
          if (b !== a + 1) expect(gaps.some((gap) => gap.from > a && gap.to < b)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  }, 30_000);
});
