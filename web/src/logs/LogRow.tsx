import { Scissors, Unplug } from "lucide-react";
import { memo, type ReactNode } from "react";
import type { Line } from "@/api/types";
import { num, t, tWord } from "@/i18n";
import { cx } from "@/lib/cx";
import { clock, exactly } from "@/lib/time";
import { LogText } from "./LogText";
import type { Entry } from "./model";

export interface RowLook {
  wrap: boolean;
  times: boolean;
  names: boolean;
  needle: string;
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

/** One row; drawn again only when it or its look is another. */
export const LogRow = memo(function LogRow({ entry, look }: { entry: Entry; look: RowLook }) {
  if (entry.kind === "gap") {
    const missing = entry.gap.to - entry.gap.from + 1;
    return (
      <Mark icon={<Scissors size={12} aria-hidden />}>
        {t("logs.gap", { n: num(missing), reason: tWord("logs.gap_reason", entry.gap.reason) })}
      </Mark>
    );
  }
  if (entry.kind === "cut") {
    return (
      <Mark icon={<Unplug size={12} aria-hidden />}>
        {entry.resumedAt
          ? t("logs.cut_resumed", {
              at: clock(new Date(entry.at).toISOString()),
              resumed: clock(new Date(entry.resumedAt).toISOString()),
            })
          : t("logs.cut", { at: clock(new Date(entry.at).toISOString()) })}
      </Mark>
    );
  }
  const { line } = entry;
  const origin =
    line.source === "app"
      ? line.instance
        ? shortInstance(line.instance)
        : (line.process ?? "")
      : line.source;
  return (
    <div
      className={cx(
        "flex min-w-full gap-3 border-l-2 px-3 hover:bg-surface-2",
        edge(line),
        look.wrap ? "w-full" : "w-max",
        line.source === "slipway" && "text-text-2",
        line.source === "router" && "text-text-3",
      )}
    >
      {look.times && (
        <span className="shrink-0 select-none text-text-3" title={exactly(line.time)}>
          {clock(line.time)}
        </span>
      )}
      {look.names && (
        <span className="w-28 shrink-0 select-none truncate text-text-3" title={line.instance || origin}>
          {origin}
        </span>
      )}
      {line.stream === "stderr" && <span className="sr-only">stderr</span>}
      <span
        className={
          look.wrap ? "min-w-0 flex-1 whitespace-pre-wrap [overflow-wrap:anywhere]" : "whitespace-pre"
        }
      >
        <LogText text={line.text} needle={look.needle} />
      </span>
    </div>
  );
});

function Mark({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <div className="sticky left-0 flex w-fit items-center gap-2 px-3 font-sans text-warn text-xs leading-5">
      {icon}
      {children}
    </div>
  );
}
