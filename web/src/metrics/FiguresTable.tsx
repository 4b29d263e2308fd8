import { useState } from "react";
import { t } from "@/i18n";
import { cx } from "@/lib/cx";
import { figure, hour } from "./format";
import type { Mark } from "./marks";
import { type AppMetrics, type TableRow, tableRows } from "./model";

/** The figures to be read instead of looked at. */
export function FiguresTable({ metrics, marks }: { metrics: AppMetrics; marks: Mark[] }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="text-sm" open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary className="inline-flex rounded-sm text-text-3 hover:text-text">{t("metrics.table")}</summary>
      {open && <Rows rows={tableRows(metrics)} marks={marks} />}
    </details>
  );
}

const columns = [
  ["requests", "rate", "metrics.requests"],
  ["errors", "percent", "metrics.error_rate"],
  ["p50", "ms", "line.p50"],
  ["p95", "ms", "line.p95"],
  ["p99", "ms", "line.p99"],
  ["cpu", "cores", "graph.cpu"],
  ["memory", "bytes", "graph.memory"],
] as const;

function Rows({ rows, marks }: { rows: TableRow[]; marks: Mark[] }) {
  const step = rows.length > 1 ? (rows[0]?.from ?? 0) - (rows[1]?.from ?? 0) : 0;
  return (
    <section className="mt-2 max-h-80 overflow-auto" tabIndex={0} aria-label={t("metrics.table")}>
      <table className="w-full min-w-[38rem] border-collapse text-right">
        <caption className="pb-2 text-left text-text-3">{t("metrics.table_hint")}</caption>
        <thead className="sticky top-0 bg-surface">
          <tr className="text-text-3">
            <th scope="col" className="py-1 pr-3 text-left font-medium">
              {t("metrics.from")}
            </th>
            {columns.map(([key, , label]) => (
              <th key={key} scope="col" className="px-2 py-1 font-medium">
                {t(label)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const live = marks.filter((mark) => mark.at >= row.from && mark.at < row.from + step);
            return (
              <tr key={row.from} className="border-t">
                <th scope="row" className="py-1 pr-3 text-left font-normal">
                  {hour(row.from)}
                  {live.map((mark) => (
                    <span
                      key={mark.number}
                      className={cx("ml-2 font-mono text-xs", mark.version === 0 && "text-bad")}
                    >
                      {mark.version > 0 ? `v${mark.version}` : `#${mark.number} ×`}
                    </span>
                  ))}
                </th>
                {columns.map(([key, unit]) => (
                  <td key={key} className="px-2 py-1">
                    {figure(row[key], unit)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
