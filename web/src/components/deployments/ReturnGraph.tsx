import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { Deployment } from "@/api/types";
import { Skeleton } from "@/components/ui/feedback";
import { stretchOf } from "@/deployments/taken";
import { t } from "@/i18n";
import { Cursor } from "@/metrics/cursor";
import { GraphCard } from "@/metrics/GraphCard";
import { marksOf } from "@/metrics/marks";
import { type AppMetrics, cropped, graphsOf, hasFigures } from "@/metrics/model";
import { metricsQueries } from "@/metrics/queries";

interface ReturnGraphProps {
  app: string;
  /** What was taken back. */
  bad: Deployment;
  /** What took it back, once it is known. */
  back: Deployment | undefined;
}

// What stands empty before an app's first figures says nothing, in seconds.
const lead = 60;

/** When an app's figures begin, in Unix seconds; 0 when nothing is known of it. */
function firstFigure(m: AppMetrics | undefined): number {
  return m?.times[m.requests_per_second.findIndex((rate) => rate !== null)] ?? 0;
}

/** Errors and latency of both releases, with the moments at which one took the other's place. */
export default function ReturnGraph({ app, bad, back }: ReturnGraphProps) {
  const [cursor] = useState(() => new Cursor());
  const [opened] = useState(() => Date.now() / 1000);
  const stretch = stretchOf({ bad, back }, opened);
  const { data } = useQuery({
    ...metricsQueries.app(app, stretch?.range ?? "1h"),
    enabled: stretch !== undefined,
  });
  const from = Math.max(stretch?.from ?? 0, firstFigure(data) - lead);
  const to = stretch?.to ?? 0;
  const part = useMemo(() => data && cropped(data, from, to), [data, from, to]);
  const marks = useMemo(() => marksOf(back ? [back, bad] : [bad], from, to), [bad, back, from, to]);
  if (!stretch) return <p className="px-4 py-3 text-sm text-text-3 sm:px-5">{t("return.gone")}</p>;
  if (!part) return <Skeleton className="m-4 h-64" />;
  const graphs = graphsOf(part).filter(({ name }) => name === "errors" || name === "latency");
  return (
    <section className="px-4 pt-3 pb-4 sm:px-5" aria-label={t("return.graph")}>
      <h2 className="font-semibold">{t("return.graph")}</h2>
      <p className="mb-3 text-sm text-text-3">{t("return.graph_hint", { bad: bad.release })}</p>
      <div className="grid gap-x-6 gap-y-5 md:grid-cols-2">
        {graphs.reverse().map((graph) => (
          <GraphCard
            key={graph.name}
            graph={graph}
            times={part.times}
            stepSeconds={part.step_seconds}
            marks={marks}
            cursor={cursor}
            empty={hasFigures(graph) ? "" : t("return.gone")}
          />
        ))}
      </div>
    </section>
  );
}
