import type { CSSProperties } from "react";
import { cx } from "@/lib/cx";
import { type AnsiStyle, parseAnsi, type Segment } from "./ansi";
import { asText, textOn } from "./contrast";
import type { Finder } from "./query";

const ground = (color: number | string) => (typeof color === "number" ? `var(--ansi-${color})` : color);

/**
 * How a piece of terminal text looks so that it can be read in both themes: on a
 * ground of its own the text is whatever stands out from it.
 */
function looks(style: AnsiStyle): { className: string; style: CSSProperties } {
  const { fg, dim } = style;
  const bg = style.inverse ? (fg ?? "var(--text)") : style.bg;
  let color: string | undefined;
  if (typeof bg === "string" && bg.startsWith("rgb")) color = textOn(bg);
  else if (bg !== undefined) color = "var(--log-bg)";
  else if (typeof fg === "number") color = `var(--ansi-${fg})`;
  else if (fg !== undefined) color = asText(fg);
  else if (dim) color = "var(--text-3)";
  return {
    className: cx(
      style.bold && "ansi-bold",
      style.italic && "ansi-italic",
      style.underline && "ansi-underline",
      style.strike && "ansi-strike",
    ),
    style: { color, backgroundColor: bg === undefined ? undefined : ground(bg) },
  };
}

/** Cuts segments where what is searched for begins and ends. */
export function withMarks(segments: Segment[], find: Finder): (Segment & { marked?: boolean })[] {
  const found = find(segments.map((segment) => segment.text).join(""));
  if (found.length === 0) return segments;
  const out: (Segment & { marked?: boolean })[] = [];
  let offset = 0;
  for (const { text, style } of segments) {
    let from = 0;
    for (const [start, end] of found) {
      const a = Math.max(start - offset, from);
      const b = Math.min(end - offset, text.length);
      if (b <= a) continue;
      if (a > from) out.push({ text: text.slice(from, a), style });
      out.push({ text: text.slice(a, b), style, marked: true });
      from = b;
    }
    if (from < text.length) out.push({ text: text.slice(from), style });
    offset += text.length;
  }
  return out;
}

const markClass = "rounded-[2px] bg-mark text-on-mark";

/** A line with its colours, and with what is searched for marked. */
export function LogText({ text, find }: { text: string; find?: Finder }) {
  const parsed = parseAnsi(text);
  const segments: (Segment & { marked?: boolean })[] = find ? withMarks(parsed, find) : parsed;
  return segments.map((segment, i) => {
    const { className, style } = looks(segment.style);
    if (segment.marked) {
      return (
        <mark key={i} className={cx(markClass, className)}>
          {segment.text}
        </mark>
      );
    }
    if (!className && !style.color && !style.backgroundColor) return segment.text;
    return (
      <span key={i} className={className || undefined} style={style}>
        {segment.text}
      </span>
    );
  });
}

/** Plain text with what is searched for marked. */
export function MarkedText({ text, find }: { text: string; find?: Finder }) {
  if (!find) return text;
  return withMarks([{ text, style: {} }], find).map((part, i) =>
    part.marked ? (
      <mark key={i} className={markClass}>
        {part.text}
      </mark>
    ) : (
      part.text
    ),
  );
}
