import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { queries } from "@/api/queries";
import { ErrorNote, Skeleton } from "@/components/ui/feedback";
import { Section } from "@/components/ui/layout";
import { t, tn, tWord } from "@/i18n";
import { cx } from "@/lib/cx";
import { useSearchText } from "@/lib/search";
import { Cursor } from "./cursor";
import { FiguresTable } from "./FiguresTable";
import { figure } from "./format";
import { GraphCard } from "./GraphCard";
import { marksOf } from "./marks";
import {
  type AppMetrics,
  asRange,
  type Graph,
  graphNames,
  graphsOf,
  hasFigures,
  nowOf,
  type Range,
  ranges,
} from "./model";
import { metricsQueries } from "./queries";

const tall = 170;
const low = 140;

/** How an app is doing: its figures over time, with its deployments marked on all of them. */
export function Graphs({ app }: { app: string }) {
  const [wanted, setWanted] = useSearchText("range");
  const range = asRange(wanted);
  const { data, error, isPlaceholderData, refetch } = useQuery({
    ...metricsQueries.app(app, range),
    // Until another range is here; another app's figures are never shown in its place.
    placeholderData: (before) => (before?.app === app ? before : undefined),
  });
  return (
    <Section
      title={t("metrics.title")}
      hint={data && !isPlaceholderData ? totalWords(data, range) : t("common.loading")}
      actions={<RangeChoice value={range} onChange={(next) => setWanted(next === "1h" ? "" : next)} />}
    >
      {data && <p className="sr-only">{summary(data)}</p>}
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mb-3" />}
      {data ? (
        <div
          className={cx("transition-opacity", isPlaceholderData && "opacity-50")}
          aria-busy={isPlaceholderData}
        >
          <Figures app={app} metrics={data} range={range} />
        </div>
      ) : (
        !error && <GraphSkeletons />
      )}
    </Section>
  );
}

/** "12,304 requests in the last hour, 0.2 % errors" */
function totalWords(m: AppMetrics, range: Range): string {
  if (!m.requests_per_second.some((v) => v !== null)) return t("metrics.no_traffic_known");
  const { requests, errors } = m.total;
  if (requests === 0) return tWord("metrics_none", range);
  return t("metrics.total", {
    requests: tn("metrics.requests_count", requests),
    stretch: tWord("metrics_range", range),
    errors: figure((100 * errors) / requests, "percent"),
  });
}

/** "Now 12 req/s, p95 40 ms, 0.2 % errors" */
export function summary(m: AppMetrics): string {
  const now = nowOf(m);
  if (now.requests === null) return t("metrics.now_unknown");
  if (now.requests === 0) return t("metrics.now_none");
  return t("metrics.now", {
    requests: figure(now.requests, "rate"),
    p95: figure(now.p95, "ms"),
    errors: figure(now.errors, "percent"),
  });
}

function Figures({ app, metrics: m, range }: { app: string; metrics: AppMetrics; range: Range }) {
  const [cursor] = useState(() => new Cursor());
  const { data: deployments } = useInfiniteQuery(queries.deployments(app));
  const graphs = useMemo(() => graphsOf(m), [m]);
  const marks = useMemo(() => {
    const from = m.times[0] ?? 0;
    const to = (m.times.at(-1) ?? 0) + m.step_seconds;
    return marksOf(deployments?.pages.flatMap((page) => page.items) ?? [], from, to);
  }, [deployments, m]);
  // Five empty graphs would say no more than one sentence.
  if (!graphs.some(hasFigures) || (m.total.requests === 0 && m.instances.length === 0)) {
    return (
      <p className="grid min-h-28 place-items-center rounded-md border border-dashed px-4 text-center text-text-3">
        {totalWords(m, range)}
      </p>
    );
  }
  const traffic = m.requests_per_second.some((v) => v !== null)
    ? tWord("metrics_none", range)
    : t("metrics.no_traffic_known");
  return (
    <>
      <div className="grid grid-cols-1 gap-x-6 gap-y-5 md:grid-cols-2">
        {graphs.map((graph) => (
          <GraphCard
            key={graph.name}
            graph={graph}
            times={m.times}
            stepSeconds={m.step_seconds}
            marks={marks}
            cursor={cursor}
            height={graph.name === "requests" ? tall : low}
            className={graph.name === "requests" ? "md:col-span-2" : undefined}
            empty={emptyWords(graph, m, traffic)}
          />
        ))}
      </div>
      <div className="mt-4">
        <FiguresTable metrics={m} marks={marks} />
      </div>
    </>
  );
}

/** What to say in place of lines; nothing where there are lines. */
function emptyWords(graph: Graph, m: AppMetrics, traffic: string): string {
  if (graph.name === "cpu" || graph.name === "memory") {
    return hasFigures(graph) ? "" : t("metrics.not_measured");
  }
  return m.total.requests === 0 || !hasFigures(graph) ? traffic : "";
}

function GraphSkeletons() {
  return (
    <div
      className="grid grid-cols-1 gap-x-6 gap-y-5 md:grid-cols-2"
      role="status"
      aria-label={t("common.loading")}
    >
      {graphNames.map((name) => (
        <div key={name} className={name === "requests" ? "md:col-span-2" : undefined}>
          <div className="mb-1 h-[1.375rem]" />
          <div className="p-1" style={{ height: name === "requests" ? tall : low }}>
            <Skeleton className="h-full" />
          </div>
        </div>
      ))}
    </div>
  );
}

function RangeChoice({ value, onChange }: { value: Range; onChange: (range: Range) => void }) {
  return (
    <fieldset className="flex rounded-md border p-0.5">
      <legend className="sr-only">{t("metrics.range")}</legend>
      {ranges.map((range) => (
        <button
          key={range}
          type="button"
          aria-pressed={range === value}
          title={tWord("metrics_range", range)}
          onClick={() => onChange(range)}
          className={cx(
            "min-h-7 rounded-sm px-2.5 text-sm tabular-nums",
            range === value ? "bg-surface-3 font-medium" : "text-text-2 hover:bg-surface-2",
          )}
        >
          {tWord("metrics_short", range)}
        </button>
      ))}
    </fieldset>
  );
}
