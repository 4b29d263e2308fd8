// @vitest-environment node
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import { asText, contrast, grounds, readable, textOn } from "./contrast";

const colour = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255));
const numbers = (css: string) => css.match(/\d+/g)?.map(Number) as [number, number, number];

it("makes every colour readable on both grounds, and leaves alone what is", () => {
  fc.assert(
    fc.property(colour, (c) => {
      for (const ground of Object.values(grounds)) {
        const made = readable(c, ground);
        expect(contrast(made, ground)).toBeGreaterThanOrEqual(4.5);
        if (contrast(c, ground) >= 4.5) expect(made).toEqual(c);
      }
      const css = `rgb(${c.join(" ")})`;
      expect(asText(css)).toMatch(/^light-dark\(rgb\(\d+ \d+ \d+\), rgb\(\d+ \d+ \d+\)\)$/);
      expect(contrast(numbers(textOn(css)), c)).toBeGreaterThanOrEqual(4.5);
    }),
  );
});

const css = readFileSync(new URL("../styles/tokens.css", import.meta.url), "utf8");
/** A token's colours: light, dark by the system, dark by hand. */
const token = (name: string) =>
  [...css.matchAll(new RegExp(`--${name}: #(\\w\\w)(\\w\\w)(\\w\\w);`, "g"))].map(
    (m) => m.slice(1).map((hex) => Number.parseInt(hex, 16)) as [number, number, number],
  );

it("counts on the grounds that the tokens have", () => {
  expect(token("accent-soft")).toEqual([grounds.light, grounds.dark, grounds.dark]);
});

it.each(["log-bg", "surface-2", "accent-soft"])("reads the terminal's 16 colours on %s", (ground) => {
  for (let n = 0; n < 16; n++) {
    token(`ansi-${n}`).forEach((color, theme) => {
      const on = token(ground)[theme] as [number, number, number];
      expect(contrast(color, on), `--ansi-${n} of theme ${theme}`).toBeGreaterThanOrEqual(4.5);
    });
  }
});
