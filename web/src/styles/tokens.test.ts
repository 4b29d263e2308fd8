// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
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

/** A token's colour; some are another token's. */
function colour(theme: Map<string, string>, name: string): string {
  const value = theme.get(name) ?? light.get(name) ?? "";
  const other = /^var\(--([\w-]+)\)$/.exec(value)?.[1];
  return other ? colour(theme, other) : value;
}

function contrast(theme: Map<string, string>, text: string, ground: string): number {
  const [a, b] = [text, ground].map((name) => luminance(colour(theme, name))) as [number, number];
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
  // The segmented control, and a tooltip.
  ["text-2", "surface-3"],
  ["text", "surface-3"],
  ["bg", "text"],
  ["text-2", "accent-soft"],
  ["on-accent", "accent"],
  ["on-accent", "accent-hover"],
  ["on-bad", "bad-fill"],
  ["on-bad", "bad-fill-hover"],
  ["on-mark", "mark"],
  ["text-3", "log-bg"],
  ...Array.from({ length: 16 }, (_, i): [string, string] => [`ansi-${i}`, "log-bg"]),
];

// What is no text but tells something: dots, bars, lines of graphs, edges of controls.
const marks = [
  ...["border-strong", "focus"].flatMap((mark) =>
    ["bg", "surface"].map((ground): [string, string] => [mark, ground]),
  ),
  ...["ok-mark", "warn-mark", "bad-mark", "accent"].map((mark): [string, string] => [mark, "surface"]),
  ...["1", "2", "3", "4", "5", "6", "warn", "bad"].map((n): [string, string] => [`chart-${n}`, "surface"]),
  ["on-accent", "accent"],
  ["border-strong", "surface-2"],
] as [string, string][];

const isColour = (name: string) => colour(light, name).startsWith("#");

/** The pairs that one list of classes puts together, in each of its states: "hover:bg-x" meets "text-y". */
function pairsOf(classes: string): [string, string][] {
  const found: { state: string; kind: string; name: string }[] = [];
  for (const word of classes.split(/\s+/)) {
    const m = /^(?:(.*):)?(bg|text)-([a-z\d-]+)!?$/.exec(word);
    if (m?.[2] && m[3] && isColour(m[3])) found.push({ state: m[1] ?? "", kind: m[2], name: m[3] });
  }
  const grounds = found.filter(({ kind }) => kind === "bg");
  return grounds.flatMap((ground) => {
    const own = found.filter(({ kind, state }) => kind === "text" && state === ground.state);
    const base = found.filter(({ kind, state }) => kind === "text" && state === "");
    return (own.length > 0 ? own : base).map(({ name }): [string, string] => [name, ground.name]);
  });
}

const root = new URL("..", import.meta.url).pathname;
const used = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".tsx") && !path.includes(".test."))
  .flatMap((path) =>
    Array.from(
      readFileSync(root + path, "utf8").matchAll(/"([^"\n]*\bbg-[^"\n]*)"/g),
      (m) => m[1] ?? "",
    ).flatMap((classes) => pairsOf(classes).map(([text, ground]) => ({ path, text, ground }))),
  );

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
  });

  it.each([
    ["light", light],
    ["dark", dark],
  ])("can be told apart in %s", (_, theme) => {
    const poor = marks
      .map(([mark, ground]) => ({ pair: `${mark} on ${ground}`, ratio: contrast(theme, mark, ground) }))
      .filter(({ ratio }) => !(ratio >= 3));
    expect(poor).toEqual([]);
  });

  it.each([
    ["light", light],
    ["dark", dark],
  ])("are legible in %s wherever a component puts two together", (_, theme) => {
    expect(used.length).toBeGreaterThan(20);
    const poor = used.filter(({ text, ground }) => !(contrast(theme, text, ground) >= 4.5));
    expect(poor).toEqual([]);
  });

  it("are found in classes with their states", () => {
    expect(pairsOf("rounded-md bg-accent text-on-accent hover:not-disabled:bg-accent-hover text-sm")).toEqual(
      [
        ["on-accent", "accent"],
        ["on-accent", "accent-hover"],
      ],
    );
    expect(pairsOf("text-text-2 hover:bg-surface-2 hover:text-text bg-scrim")).toEqual([
      ["text", "surface-2"],
    ]);
  });
});
