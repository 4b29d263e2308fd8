import { cx } from "@/lib/cx";
import { type JsonLine, pretty, type Token } from "./json";
import { MarkedText } from "./LogText";
import type { Level } from "./level";
import type { Finder } from "./query";

export const levelColors: Record<Level, string> = {
  trace: "text-text-3",
  debug: "text-text-3",
  info: "text-[var(--ansi-6)]",
  warn: "text-warn",
  error: "text-bad",
  fatal: "text-bad font-bold",
};

const tokenColors: Record<Token["kind"], string> = {
  key: "text-[var(--ansi-4)]",
  string: "text-[var(--ansi-2)]",
  number: "text-[var(--ansi-3)]",
  word: "text-[var(--ansi-5)]",
  sign: "text-text-3",
};

/** A JSON line in one row: its level, its message, then the other fields. */
export function JsonSummary({ json, find }: { json: JsonLine; find: Finder | undefined }) {
  return (
    <>
      {json.level && (
        <>
          <span className={cx("font-medium", levelColors[json.level])}>{json.level}</span>{" "}
        </>
      )}
      {json.message && (
        <>
          <MarkedText text={json.message} find={find} />{" "}
        </>
      )}
      {json.rest.map(([key, value]) => (
        <span key={key}>
          <span className="text-text-3">
            <MarkedText text={key} find={find} />
            {value && "="}
          </span>
          <MarkedText text={value} find={find} />{" "}
        </span>
      ))}
    </>
  );
}

/** The same folded out, one field a line. */
export function JsonTree({ json, find }: { json: JsonLine; find: Finder | undefined }) {
  return (
    <div className="whitespace-pre-wrap border-border border-l pl-3 [overflow-wrap:anywhere]">
      {pretty(json.text).map((tokens, i) => (
        <div key={i}>
          {tokens.map((token, j) => (
            <span key={j} className={tokenColors[token.kind]}>
              <MarkedText text={token.text} find={find} />
            </span>
          ))}
        </div>
      ))}
    </div>
  );
}
