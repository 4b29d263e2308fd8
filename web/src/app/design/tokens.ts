import type { DesignWords } from "./words";

/** The colours by what they are for, each with the ground that it is shown on. */
export const colours: { when: keyof DesignWords; names: string[] }[] = [
  { when: "colour_grounds", names: ["bg", "surface", "surface-2", "surface-3"] },
  { when: "colour_edges", names: ["border", "border-strong", "focus"] },
  { when: "colour_text", names: ["text", "text-2", "text-3"] },
  {
    when: "colour_accent",
    names: ["accent", "accent-hover", "accent-text", "accent-soft", "on-accent"],
  },
  { when: "colour_ok", names: ["ok", "ok-soft", "ok-mark"] },
  { when: "colour_warn", names: ["warn", "warn-soft", "warn-mark"] },
  {
    when: "colour_bad",
    names: ["bad", "bad-soft", "bad-mark", "bad-fill", "bad-fill-hover", "on-bad"],
  },
  { when: "colour_mark", names: ["mark", "on-mark", "scrim"] },
  {
    when: "colour_chart",
    names: ["chart-1", "chart-2", "chart-3", "chart-4", "chart-5", "chart-6", "chart-warn", "chart-bad"],
  },
  {
    when: "colour_terminal",
    names: ["log-bg", ...Array.from({ length: 16 }, (_, i) => `ansi-${i}`)],
  },
];

/** What is no colour: fonts, shadows, times and the width of pages. */
export const others = [
  "font-sans",
  "font-mono",
  "shadow-1",
  "shadow-2",
  "motion-fast",
  "motion-slow",
  "page",
];

export const sizes = [
  ["text-page-title", "type_page"],
  ["text-xl", "type_xl"],
  ["text-lg", "type_lg"],
  ["text-base", "type_base"],
  ["text-sm", "type_sm"],
  ["text-xs", "type_xs"],
] as const satisfies readonly [string, keyof DesignWords][];
