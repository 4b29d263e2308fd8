import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { levels } from "./level";
import { compile, noQuery, readSearch, streams, writeSearch } from "./query";

describe("the address of a query", () => {
  const query = fc.record({
    q: fc.string(),
    regex: fc.boolean(),
    case: fc.boolean(),
    only: fc.boolean(),
    process: fc.string(),
    instance: fc.string(),
    stream: fc.constantFrom("" as const, ...streams),
    level: fc.constantFrom("" as const, ...levels),
  });

  it("gives back what was written into it", () => {
    fc.assert(
      fc.property(query, fc.option(fc.tuple(fc.nat(1e9), fc.nat(1e9))), (q, pair) => {
        const line = pair ? { from: Math.min(...pair) + 1, to: Math.max(...pair) + 1 } : undefined;
        const through: unknown = JSON.parse(JSON.stringify(writeSearch(q, line)));
        expect(readSearch(through as Record<string, unknown>)).toEqual({ query: q, line });
      }),
    );
    expect(writeSearch(noQuery)).toEqual({});
  });

  it("leaves out what it does not understand", () => {
    expect(readSearch({ q: {}, stream: "x", level: 7, line: "0", case: "no" })).toEqual({
      query: noQuery,
      line: undefined,
    });
    expect(readSearch({ q: 123, line: "9-4" })).toEqual({
      query: { ...noQuery, q: "123" },
      line: { from: 4, to: 9 },
    });
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.anything()), (any) => void readSearch(any)));
  });
});

describe("a search", () => {
  it("finds what it is, whatever that is, and marks lie in order within the text", () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 60 }),
        fc.string({ minLength: 1, maxLength: 3 }),
        fc.boolean(),
        (text, q, exact) => {
          const { find, hits } = compile({ ...noQuery, q, case: exact });
          const found = find(text);
          expect(found.length > 0).toBe(hits(text));
          if (exact) expect(hits(text)).toBe(text.includes(q));
          let last = 0;
          for (const [from, to] of found) {
            expect(from).toBeGreaterThanOrEqual(last);
            expect(to).toBeLessThanOrEqual(text.length);
            if (exact) expect(text.slice(from, to)).toBe(q);
            last = to;
          }
        },
      ),
    );
  });

  it("never throws, whatever the pattern", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (q, text) => {
        const { find, hits, error } = compile({ ...noQuery, q, regex: true });
        find(text);
        if (error) expect(hits(text)).toBe(false);
      }),
    );
    expect(compile({ ...noQuery, q: "(", regex: true }).error).toMatch(/unterminated|group/i);
  });

  it("takes no long time for any pattern, on lines of any length", () => {
    const line = `${"a".repeat(16_000)}!`;
    const started = performance.now();
    for (const q of ["(a+)+$", "a*a*a*a*b", ".*.*.*x", "a.*b"]) {
      expect(compile({ ...noQuery, q, regex: true }).hits(line)).toBe(false);
    }
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it("says why a pattern is refused, and lets every line stand", () => {
    const { refused, searches, narrows, error } = compile({ ...noQuery, q: "(?=a)", regex: true });
    expect({ refused, searches, narrows, error }).toEqual({
      refused: "looks",
      searches: false,
      narrows: false,
      error: "",
    });
  });

  it("marks the same whichever way it is found", () => {
    const find = (q: string, line: string) => compile({ ...noQuery, q, regex: true }).find(line);
    expect(find("(o+)+|x*", "foo boo")).toEqual(find("o+", "foo boo"));
    expect(find("o+", "foo boo".padEnd(3000))).toEqual(find("o+", "foo boo"));
  });

  it("does not lose its way where letters grow when lowered", () => {
    const { find } = compile({ ...noQuery, q: "b" });
    expect(find("İİB")).toEqual([[2, 3]]);
  });
});
