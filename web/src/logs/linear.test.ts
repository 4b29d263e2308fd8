import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LinearPattern, Refused } from "./linear";

const leaf = fc.constantFrom(
  "a",
  "b",
  "c",
  ".",
  "[ab]",
  "[^a]",
  "\\w",
  "\\d",
  "\\s",
  "é",
  "😀",
  "\\u{62}",
  "",
);
const place = fc.constantFrom("^", "$", "\\b", "\\B");
const repeat = fc.constantFrom("*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,3}?", "{2,}");
const solid = leaf.filter((one) => one !== "");
const patterns = (within: (one: string, first: string) => string) =>
  fc.letrec<{ pattern: string }>((tie) => ({
    pattern: fc.oneof(
      { maxDepth: 4 },
      leaf,
      place,
      fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => `${a}${b}`),
      fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => `(?:${a}|${b})`),
      fc.tuple(tie("pattern"), solid, repeat).map(([a, first, sign]) => `(${within(a, first)})${sign}`),
    ),
  })).pattern;
const text = fc.string({
  unit: fc.constantFrom("a", "b", "c", "1", " ", "é", "É", "😀", "A"),
  maxLength: 14,
});

describe("a pattern in linear time", () => {
  // V8 looks for edges in the middle of a letter of two halves too.
  const fair = (source: string, where: string) => !(where.includes("😀") && /\\b/i.test(source));

  it("finds what the browser's own engine finds", () => {
    const any = patterns((one, first) => first + one);
    fc.assert(
      fc.property(any, text, fc.boolean(), (source, where, ignoreCase) => {
        fc.pre(fair(source, where));
        const own = new RegExp(source, ignoreCase ? "iu" : "u").exec(where);
        const ours = new LinearPattern(source, ignoreCase).exec(where, 0);
        expect(ours).toEqual(own ? [own.index, own.index + own[0].length] : undefined);
      }),
      { numRuns: 3000 },
    );
  });

  // How far a repetition of nothing reaches is a matter of taste.
  it("finds it at the same place where nothing is repeated", () => {
    const any = patterns((one) => one);
    fc.assert(
      fc.property(any, text, fc.boolean(), (source, where, ignoreCase) => {
        fc.pre(fair(source, where));
        const own = new RegExp(source, ignoreCase ? "iu" : "u").exec(where);
        expect(new LinearPattern(source, ignoreCase).exec(where, 0)?.[0]).toBe(own?.index);
      }),
      { numRuns: 3000 },
    );
  });

  it.each(["(a+)+$", "(a|a)*$", "(a|ab)*(b|a)*$", "^(a?){30}a{30}$", "(.*)*x", "(a*)*b", "(x+x+)+y"])(
    "takes no long time for %s",
    (source) => {
      const started = performance.now();
      new LinearPattern(source, false).exec(`${"a".repeat(5000)}!`, 0);
      new LinearPattern(source, false).exec("x".repeat(5000), 0);
      expect(performance.now() - started).toBeLessThan(2000);
    },
  );

  it("refuses what cannot be followed so", () => {
    for (const source of ["(?=a)b", "(?!a)b", "(?<=a)b", "(?<!a)b", "(a)\\1", "(?<x>a)\\k<x>"]) {
      expect(() => new LinearPattern(source, false)).toThrow(new Refused("looks"));
    }
    for (const source of ["a{5000}", "((a{100}){100}){100}", "(?:(?:a{0,60}){0,60})b"]) {
      expect(() => new LinearPattern(source, false)).toThrow(new Refused("large"));
    }
  });

  it("knows which patterns the browser's own engine may have", () => {
    for (const source of ["error", "GET .* 500", "a|b|c", "^\\d{3}$", "[a-z]+=\\d"]) {
      expect(new LinearPattern(source, true).tame, source).toBe(source !== "");
    }
    for (const source of ["(a+)+", "(a|b)*", ".*.*", "a?a?a?a?a?", "(a|a)(a|a)(a|a)(a|a)(a|a)"]) {
      expect(new LinearPattern(source, true).tame, source).toBe(false);
    }
  });
});
