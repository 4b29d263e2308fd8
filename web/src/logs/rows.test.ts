import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Row, Rows } from "./rows";

const row = (order: number, hit = false): Row => ({ order, hit, height: 0, epoch: -1 });

describe("Rows", () => {
  it("is what a plain array would be, whatever is done to it", () => {
    const step = fc.record({
      do: fc.constantFrom("push", "unshift", "before", "from", "measure", "epoch"),
      n: fc.nat(30),
      h: fc.integer({ min: 1, max: 90 }),
      hit: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), fc.integer({ min: 1, max: 9 }), (steps, chunk) => {
        let sizer = { epoch: 1, estimate: (r: Row) => 10 + (Math.abs(r.order) % 3) };
        const rows = new Rows<Row>(sizer, chunk);
        const plain = { rows: [] as { order: number; height: number; hit: boolean }[] };
        let low = 0;
        let high = 0;
        const add = (order: number, hit: boolean) => ({ order, hit, height: 10 + (Math.abs(order) % 3) });
        for (const one of steps) {
          if (one.do === "push") {
            for (let i = 0; i < one.n; i++) {
              rows.push(row(++high, one.hit));
              plain.rows.push(add(high, one.hit));
            }
          } else if (one.do === "unshift") {
            const fresh = Array.from({ length: one.n }, (_, i) => low - one.n + i);
            low -= one.n;
            rows.unshift(fresh.map((order) => row(order, one.hit)));
            plain.rows.unshift(...fresh.map((order) => add(order, one.hit)));
          } else if (one.do === "before") {
            const edge = (plain.rows[0]?.order ?? 0) + one.n;
            const left = plain.rows.filter((r) => r.order >= edge);
            expect(rows.dropBefore(edge)).toBe(plain.rows.length - left.length);
            plain.rows = left;
          } else if (one.do === "from") {
            const edge = (plain.rows.at(-1)?.order ?? 0) - one.n;
            const left = plain.rows.filter((r) => r.order < edge);
            expect(rows.dropFrom(edge)).toBe(plain.rows.length - left.length);
            plain.rows = left;
          } else if (one.do === "measure") {
            const at = rows.at(one.n);
            const same = plain.rows[one.n];
            expect(at?.order).toBe(same?.order);
            if (!at || !same) continue;
            rows.measured(at, one.h);
            same.height = one.h;
          } else {
            sizer = { ...sizer, epoch: sizer.epoch + 1 };
            rows.setSizer(sizer);
            for (const r of plain.rows) r.height = 10 + (Math.abs(r.order) % 3);
          }
        }
        expect(rows.slice(0, 1e9).map((r) => r.order)).toEqual(plain.rows.map((r) => r.order));
        expect(rows.length).toBe(plain.rows.length);
        expect(rows.hits).toBe(plain.rows.filter((r) => r.hit).length);
        let offset = 0;
        plain.rows.forEach((r, i) => {
          expect(rows.at(i)?.order).toBe(r.order);
          expect(rows.indexOf(r.order)).toBe(i);
          expect(rows.offsetOf(i)).toBe(offset);
          expect(rows.indexAt(offset)).toBe(i);
          expect(rows.indexAt(offset + r.height - 0.5)).toBe(i);
          expect(rows.hitsUpTo(r.order)).toBe(plain.rows.slice(0, i + 1).filter((x) => x.hit).length);
          expect(rows.nextHit(r.order, 1)?.order).toBe(plain.rows.slice(i + 1).find((x) => x.hit)?.order);
          expect(rows.nextHit(r.order, -1)?.order).toBe(plain.rows.slice(0, i).findLast((x) => x.hit)?.order);
          offset += r.height;
        });
        expect(rows.height).toBe(offset);
        const back: number[] = [];
        rows.backwards(3, (r) => back.push(r.order) < 20);
        expect(back).toEqual(
          plain.rows
            .map((r) => r.order)
            .filter((order) => order < 3)
            .reverse()
            .slice(0, 20),
        );
      }),
      { numRuns: 300 },
    );
  });
});
