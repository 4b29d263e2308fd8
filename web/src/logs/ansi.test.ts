import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAnsi, stripAnsi } from "./ansi";

const esc = "\x1b";

describe("parseAnsi", () => {
  it("leaves plain text as it is", () => {
    expect(parseAnsi("hello\tworld ✓")).toEqual([{ text: "hello\tworld ✓", style: {} }]);
    expect(parseAnsi("")).toEqual([]);
  });

  it.each([
    [
      "the 16 colours",
      `${esc}[31mred${esc}[0m plain`,
      [
        ["red", { fg: 1 }],
        [" plain", {}],
      ],
    ],
    ["bright colours and grounds", `${esc}[95;101mx`, [["x", { fg: 13, bg: 9 }]]],
    [
      "an empty reset",
      `${esc}[1mbold${esc}[mnot`,
      [
        ["bold", { bold: true }],
        ["not", {}],
      ],
    ],
    ["256 colours", `${esc}[38;5;208mx`, [["x", { fg: "rgb(255 135 0)" }]]],
    ["greys", `${esc}[48;5;232mx`, [["x", { bg: "rgb(8 8 8)" }]]],
    ["low 256 as the 16", `${esc}[38;5;4mx`, [["x", { fg: 4 }]]],
    ["true colour", `${esc}[38;2;1;2;3mx`, [["x", { fg: "rgb(1 2 3)" }]]],
    ["true colour with colons", `${esc}[38:2::1:2:3mx`, [["x", { fg: "rgb(1 2 3)" }]]],
    ["codes after a colour", `${esc}[38;5;1;1mx`, [["x", { fg: 1, bold: true }]]],
    [
      "several attributes ended one by one",
      `${esc}[1;4mab${esc}[24mc`,
      [
        ["ab", { bold: true, underline: true }],
        ["c", { bold: true }],
      ],
    ],
    ["a colour out of range", `${esc}[38;5;999mx`, [["x", {}]]],
    ["cursor movement", `${esc}[2K${esc}[1Ax`, [["x", {}]]],
    ["a hyperlink", `${esc}]8;;https://example.com${esc}\\text${esc}]8;;${esc}\\`, [["text", {}]]],
    ["a title ended by BEL", `${esc}]0;title\x07x`, [["x", {}]]],
    ["an unfinished sequence", `x${esc}[31`, [["x", {}]]],
    ["a lone escape at the end", `x${esc}`, [["x", {}]]],
    ["a charset choice", `${esc}(Bx`, [["x", {}]]],
    ["other control characters", "a\x00b\x08c\x7fd", [["abcd", {}]]],
    ["a progress bar", "10 %\r50 %\r100 %", [["100 %", {}]]],
    ["a carriage return at the end", "done\r", [["done", {}]]],
  ])("knows %s", (_, line, wanted) => {
    const got = parseAnsi(line).map(({ text, style }) => [
      text,
      Object.fromEntries(Object.entries(style).filter(([, v]) => v !== undefined)),
    ]);
    // Neighbours that look alike may come in one piece or two.
    expect(got.map(([text]) => text).join("")).toBe(wanted.map(([text]) => text).join(""));
    expect(got[0]?.[1]).toEqual(wanted[0]?.[1]);
    expect(got.at(-1)?.[1]).toEqual(wanted.at(-1)?.[1]);
  });
});

const token = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.constantFrom(
    `${esc}[`,
    `${esc}]`,
    esc,
    "\x9b",
    "\r",
    "\x07",
    "m",
    ";",
    ":",
    "0",
    "38",
    "48",
    "5",
    "2",
    "255",
    `${esc}\\`,
  ),
);
const hostile = fc.array(token, { maxLength: 40 }).map((parts) => parts.join(""));

describe("whatever a program writes", () => {
  it("never throws, and shows no control character", () => {
    fc.assert(
      fc.property(hostile, (line) => {
        const text = parseAnsi(line)
          .map((segment) => segment.text)
          .join("");
        expect(text).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/);
      }),
      { numRuns: 3000 },
    );
  });

  it("shows nothing that was not written, in the order it was written", () => {
    fc.assert(
      fc.property(hostile, (line) => {
        let at = 0;
        for (const char of stripAnsi(line)) {
          const found = line.indexOf(char, at);
          expect(found).toBeGreaterThanOrEqual(at);
          at = found + char.length;
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("gives colours that CSS can be trusted with", () => {
    fc.assert(
      fc.property(hostile, (line) => {
        for (const { style, text } of parseAnsi(line)) {
          expect(text).not.toBe("");
          for (const color of [style.fg, style.bg]) {
            if (typeof color === "number") expect(color >= 0 && color <= 15).toBe(true);
            else if (color !== undefined) expect(color).toMatch(/^rgb\(\d{1,3} \d{1,3} \d{1,3}\)$/);
          }
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("strips to what was wrapped", () => {
    const plain = fc
      .string({ unit: "grapheme", maxLength: 20 })
      .filter((s) => !/[\x00-\x08\x0a-\x1f\x7f-\x9f]/.test(s));
    const codes = fc.array(fc.integer({ min: 0, max: 110 }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(fc.tuple(codes, plain), { maxLength: 8 }), (parts) => {
        const line = parts.map(([sgr, text]) => `${esc}[${sgr.join(";")}m${text}`).join("");
        expect(stripAnsi(line)).toBe(parts.map(([, text]) => text).join(""));
      }),
    );
  });

  it("takes time in proportion to its length", () => {
    const took = (n: number) => {
      const line = `${esc}[`.repeat(n) + `${esc}]`.repeat(n) + "\r".repeat(n);
      const start = performance.now();
      parseAnsi(line);
      return performance.now() - start;
    };
    took(1000);
    expect(took(40_000)).toBeLessThan(2000);
  });
});
