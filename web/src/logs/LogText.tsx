import type { CSSProperties } from "react";
import { cx } from "@/lib/cx";
import { type AnsiStyle, parseAnsi, type Segment } from "./ansi";

const cssColor = (color: number | string) => (typeof color === "number" ? `var(--ansi-${color})` : color);

function looks(style: AnsiStyle): { className: string; style: CSSProperties } {
  let { fg, bg } = style;
  if (style.inverse) [fg, bg] = [bg ?? "var(--log-bg)", fg ?? "var(--text)"];
  return {
    className: cx(
      style.bold && "ansi-bold",
      style.dim && "ansi-dim",
      style.italic && "ansi-italic",
      style.underline && "ansi-underline",
      style.strike && "ansi-strike",
    ),
    style: {
      color: fg === undefined ? undefined : cssColor(fg),
      backgroundColor: bg === undefined ? undefined : cssColor(bg),
    },
  };
}

/** Where a text occurs in the whole of the segments, whatever its case. */
function marks(segments: Segment[], needle: string): [number, number][] {
  if (!needle) return [];
  const whole = segments
    .map((segment) => segment.text)
    .join("")
    .toLowerCase();
  const found: [number, number][] = [];
  const wanted = needle.toLowerCase();
  for (let at = whole.indexOf(wanted); at >= 0; at = whole.indexOf(wanted, at + wanted.length)) {
    found.push([at, at + wanted.length]);
  }
  return found;
}

/** Cuts segments where marks begin and end. */
export function withMarks(segments: Segment[], needle: string): (Segment & { marked?: boolean })[] {
  const found = marks(segments, needle);
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

/** A line with its colours, and with what is searched for marked. */
export function LogText({ text, needle = "" }: { text: string; needle?: string }) {
  const segments: (Segment & { marked?: boolean })[] = withMarks(parseAnsi(text), needle);
  return segments.map((segment, i) => {
    const { className, style } = looks(segment.style);
    if (segment.marked) {
      return (
        <mark key={i} className={cx("rounded-[2px] bg-mark text-on-mark", className)}>
          {segment.text}
        </mark>
      );
    }
    if (!className && !style.color && !style.backgroundColor) return segment.text;
    return (
      <span key={i} className={className} style={style}>
        {segment.text}
      </span>
    );
  });
}
