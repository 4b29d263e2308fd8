import { memo } from "react";
import { t, tn } from "@/i18n";
import { cx } from "@/lib/cx";
import { count, figure } from "./format";
import type { Column } from "./model";

export interface Recent {
  requests: Column;
  errors: Column;
}

/** How many requests and errors there were; undefined when nothing is known. */
export function totals(recent: Recent | undefined): { requests: number; errors: number } | undefined {
  if (!recent?.requests.some((v) => v !== null)) return undefined;
  const sum = (column: Column) => column.reduce<number>((all, v) => all + (v ?? 0), 0);
  return { requests: sum(recent.requests), errors: sum(recent.errors) };
}

/**
 * The path of a column in a box, from the left to the right, with a gap where
 * nothing is known. A number alone between gaps is a short stroke.
 */
export function sparkPath(values: Column, width: number, height: number, top: number): string {
  const step = width / Math.max(1, values.length - 1);
  const y = (v: number) => round(height - 1 - (v / top) * (height - 2));
  let path = "";
  values.forEach((v, i) => {
    if (v === null) return;
    const before = values[i - 1];
    const fresh = before === null || before === undefined;
    path += `${fresh ? "M" : "L"}${round(i * step)} ${y(v)}`;
    const next = values[i + 1];
    if (fresh && (next === null || next === undefined)) path += `h${round(step / 3)}`;
  });
  return path;
}

function round(n: number): number {
  return Math.round(n * 10) / 10;
}

const width = 120;
const height = 28;
const stroke = "fill-none stroke-current stroke-[1.5] [vector-effect:non-scaling-stroke]";

/** The last hour of one app, as small as a word. Its text says the same. */
export const Sparkline = memo(function Sparkline({
  recent,
  className,
}: {
  recent: Recent | undefined;
  className?: string;
}) {
  const sums = totals(recent);
  if (!recent || !sums) return <span className={cx("block", className)} />;
  const top = Math.max(1, ...recent.requests.map((v) => v ?? 0));
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      className={cx("block overflow-visible", className)}
      aria-hidden
    >
      <path d={`M0 ${height - 1}H${width}`} className={cx(stroke, "text-border")} />
      {sums.requests > 0 && (
        <path d={sparkPath(recent.requests, width, height, top)} className={cx(stroke, "text-accent")} />
      )}
      {sums.errors > 0 && (
        <path
          d={sparkPath(
            recent.errors.map((v) => v || null),
            width,
            height,
            top,
          )}
          className={cx(stroke, "text-bad-mark")}
        />
      )}
    </svg>
  );
});

/** "1,204 requests" and how many of them failed, in the last hour. */
export function RecentWords({ recent }: { recent: Recent | undefined }) {
  const sums = totals(recent);
  if (!sums) return <span className="text-text-3">{t("metrics.recent_unknown")}</span>;
  if (sums.requests === 0) return <span className="text-text-3">{t("metrics.recent_none")}</span>;
  return (
    <span className="tabular-nums">
      {t("metrics.recent", { n: count(sums.requests) })}
      {sums.errors > 0 && (
        <span className="text-bad">
          {" · "}
          {t("metrics.recent_errors", { share: figure((100 * sums.errors) / sums.requests, "percent") })}
        </span>
      )}
      <span className="sr-only">{tn("metrics.recent_full", sums.requests)}</span>
    </span>
  );
}
