import type { Cluster } from "@/api/types";
import { Card } from "@/components/ui/layout";
import { num, t } from "@/i18n";
import { clusterShares, LoadBar } from "./LoadBar";
import { StateCounts } from "./Marks";

/** A cluster in four figures. */
export function Summary({ cluster }: { cluster: Cluster }) {
  const [cpu, memory] = clusterShares(cluster);
  return (
    <Card className="mb-5 grid gap-x-8 gap-y-4 p-4 sm:grid-cols-2 sm:p-5 lg:grid-cols-[auto_minmax(0,1fr)_minmax(0,1.2fr)_minmax(0,1.2fr)]">
      <div>
        <p className="text-sm text-text-3">{t("clusters.nodes")}</p>
        <p className="mt-0.5 whitespace-nowrap font-semibold text-lg tabular-nums">
          {t("clusters.ready_of", { ready: num(cluster.nodes_ready), total: num(cluster.node_count) })}
        </p>
      </div>
      <div>
        <p className="text-sm text-text-3">{t("clusters.instances")}</p>
        <p className="mt-0.5 font-semibold text-lg tabular-nums">{num(cluster.instances)}</p>
        <StateCounts counts={cluster.states} className="mt-0.5 text-xs" />
      </div>
      <LoadBar share={cpu} />
      <LoadBar share={memory} />
    </Card>
  );
}
