import { ChevronRight, Scissors, Unplug } from "lucide-react";
import { memo, type ReactNode } from "react";
import type { Line } from "@/api/types";
import { num, t, tWord } from "@/i18n";
import { useLanguage } from "@/i18n/language";
import { cx } from "@/lib/cx";
import { clock, exactly } from "@/lib/time";
import { JsonSummary, JsonTree } from "./JsonText";
import { readJsonLine } from "./json";
import { LogText } from "./LogText";
import { type LineRow, levelOfRow, type LogRow as Row } from "./model";
import type { Finder } from "./query";
import { sinceWords, stamp } from "./stamp";

export type Times = "time" | "ago" | "off";

export interface RowLook {
  wrap: boolean;
  times: Times;
  /** What "ago" counts from. */
  now: number;
  /** Which instance wrote it stands before each line. */
  names: boolean;
  find: Finder | undefined;
}

/** The part of an instance's name that tells it from its siblings: web.v3.1 of hello.web.v3.1. */
function shortInstance(instance: string): string {
  const dot = instance.indexOf(".");
  return dot < 0 ? instance : instance.slice(dot + 1);
}

/** The colour of a line's edge: what went to stderr, and what Slipway says, stand out. */
export function edge(line: Line): string {
  if (line.source === "slipway") return "border-l-accent";
  return line.stream === "stderr" && line.source === "app" ? "border-l-bad-mark/70" : "border-l-transparent";
}

function gravity(row: LineRow): string {
  const level = levelOfRow(row);
  if (level === "error" || level === "fatal") return "border-l-bad-mark";
  if (level === "warn") return "border-l-warn-mark";
  return edge(row.line);
}

interface LogRowProps {
  row: Row;
  /** The row is changed in place; another number says so. */
  rev: number;
  look: RowLook;
  /** The line where the reader's search or keys stand. */
  current: boolean;
  /** The link leads to it. */
  marked: boolean;
}

/** One row; drawn again only when it or its look is another. */
export const LogRow = memo(function LogRow({ row, look, current, marked }: LogRowProps) {
  useLanguage();
  if (row.kind === "gap") {
    return (
      <Mark icon={<Scissors size={12} aria-hidden />}>
        {t("logs.gap", {
          n: num(row.gap.to - row.gap.from + 1),
          reason: tWord("logs.gap_reason", row.gap.reason),
        })}
      </Mark>
    );
  }
  if (row.kind === "cut") {
    const at = clock(new Date(row.at).toISOString());
    return (
      <Mark icon={<Unplug size={12} aria-hidden />}>
        {row.resumedAt
          ? t("logs.cut_resumed", { at, resumed: clock(new Date(row.resumedAt).toISOString()) })
          : t("logs.cut", { at })}
      </Mark>
    );
  }
  const { line } = row;
  return (
    <div
      className={cx(
        "flex min-w-full gap-2 border-l-3 pr-3 pl-2 sm:gap-3 sm:pl-3",
        gravity(row),
        look.wrap ? "w-full" : "w-max",
        marked ? "bg-accent-soft" : "hover:bg-surface-2",
        current && "outline-1 outline-accent -outline-offset-1",
        line.source === "slipway" && "text-text-2",
        line.source === "router" && "text-text-3",
      )}
    >
      <Gutter line={line} look={look} />
      {line.stream === "stderr" && <span className="sr-only">stderr</span>}
      <LineText row={row} look={look} />
    </div>
  );
});

/** When and by whom: what is left out when lines are copied. */
function Gutter({ line, look }: { line: Line; look: RowLook }) {
  const origin =
    line.source === "app"
      ? line.instance
        ? shortInstance(line.instance)
        : (line.process ?? "")
      : line.source === "router"
        ? t("logs.access")
        : line.source;
  return (
    <>
      <a
        href={`?line=${line.seq}`}
        data-act="line"
        tabIndex={-1}
        draggable={false}
        title={`${exactly(line.time)}\n${t("logs.line", { n: num(line.seq) })}`}
        className={cx(
          "shrink-0 select-none text-right text-text-3 tabular-nums hover:text-accent-text hover:underline",
          look.times === "off" ? "min-w-[5ch]" : look.times === "time" ? "min-w-[12ch]" : "min-w-[7ch]",
        )}
      >
        {look.times === "off"
          ? line.seq
          : look.times === "time"
            ? stamp(line.time, look.now)
            : sinceWords(line.time, look.now)}
      </a>
      {look.names && (
        <span className="w-28 shrink-0 select-none truncate text-text-3" title={line.instance || origin}>
          {origin}
        </span>
      )}
    </>
  );
}

function LineText({ row, look }: { row: LineRow; look: RowLook }) {
  const json = row.line.source === "app" ? readJsonLine(row.line.text) : undefined;
  const wrap = look.wrap ? "min-w-0 flex-1 whitespace-pre-wrap [overflow-wrap:anywhere]" : "whitespace-pre";
  if (!json) {
    return (
      <span data-text className={cx(wrap, "pl-5")}>
        <LogText text={row.line.text} find={look.find} />
      </span>
    );
  }
  return (
    <span className={cx("relative", wrap, "pl-5")}>
      <button
        type="button"
        data-act="fold"
        tabIndex={-1}
        aria-expanded={row.open}
        aria-label={row.open ? t("logs.fold") : t("logs.unfold")}
        className="absolute top-0.5 left-0 grid size-4 place-items-center rounded-sm text-text-3 hover:bg-surface-3 hover:text-text"
      >
        <ChevronRight size={12} className={cx(row.open && "rotate-90")} aria-hidden />
      </button>
      <span data-text>
        <JsonSummary json={json} find={look.find} />
      </span>
      {row.open && <JsonTree json={json} find={look.find} />}
    </span>
  );
}

function Mark({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <div className="sticky left-0 flex min-h-5 w-fit items-center gap-2 px-3 font-sans text-warn text-xs leading-5">
      {icon}
      {children}
    </div>
  );
}
