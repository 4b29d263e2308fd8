// @vitest-environment node
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");

function tokens(selector: string): Map<string, string> {
  const start = css.indexOf(`${selector} {`);
  if (start < 0) throw new Error(`no ${selector}`);
  const body = css.slice(start, css.indexOf("}", start));
  return new Map(Array.from(body.matchAll(/--([\w-]+):\s*([^;]+);/g), (m) => [m[1] ?? "", m[2] ?? ""]));
}

const light = tokens(":root");
const dark = tokens(':root[data-theme="dark"]');
const system = tokens(':root:not([data-theme="light"])');

function luminance(hex: string): number {
  const channel = (at: number) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function contrast(theme: Map<string, string>, text: string, ground: string): number {
  const [a, b] = [text, ground].map((name) => luminance(theme.get(name) ?? light.get(name) ?? "")) as [
    number,
    number,
  ];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

const grounds = ["bg", "surface", "surface-2"];
const pairs: [string, string][] = [
  ...["text", "text-2", "text-3", "accent-text", "ok", "warn", "bad"].flatMap((text) =>
    grounds.map((ground): [string, string] => [text, ground]),
  ),
  ...["ok", "warn", "bad"].map((tone): [string, string] => [tone, `${tone}-soft`]),
  ["accent-text", "accent-soft"],
  ["text", "accent-soft"],
  ["text-2", "accent-soft"],
  ["on-accent", "accent"],
  ["on-accent", "accent-hover"],
  ["on-bad", "bad-fill"],
  ["on-bad", "bad-fill-hover"],
  ["on-mark", "mark"],
  ["text-3", "log-bg"],
  ...Array.from({ length: 16 }, (_, i): [string, string] => [`ansi-${i}`, "log-bg"]),
];

describe("the tokens", () => {
  it("are the same for dark by choice and dark by the system", () => {
    expect([...dark]).toEqual([...system]);
  });

  it.each([
    ["light", light],
    ["dark", dark],
  ])("are legible in %s", (_, theme) => {
    const poor = pairs
      .map(([text, ground]) => ({ pair: `${text} on ${ground}`, ratio: contrast(theme, text, ground) }))
      .filter(({ ratio }) => !(ratio >= 4.5));
    expect(poor).toEqual([]);
    for (const ground of ["bg", "surface"]) {
      expect(contrast(theme, "border-strong", ground)).toBeGreaterThanOrEqual(3);
      expect(contrast(theme, "focus", ground)).toBeGreaterThanOrEqual(3);
    }
  });
});
