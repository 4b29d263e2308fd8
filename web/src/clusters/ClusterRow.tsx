import { Link } from "@tanstack/react-router";
import type { Cluster } from "@/api/types";
import { Card } from "@/components/ui/layout";
import { num, t } from "@/i18n";
import { clusterShares, LoadBar } from "./LoadBar";
import { ClusterBadge, StateCounts } from "./Marks";
import { TestButton, TestFinding, useTest } from "./TestButton";

/** A cluster among all. */
export function ClusterRow({ cluster, may }: { cluster: Cluster; may: boolean }) {
  const [cpu, memory] = clusterShares(cluster);
  const testing = useTest(cluster.name);
  return (
    <li>
      <Card className="p-4 sm:p-5">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <h2 className="min-w-0 truncate font-semibold text-lg">
            <Link
              to="/clusters/$cluster"
              params={{ cluster: cluster.name }}
              className="link rounded-sm"
              translate="no"
            >
              {cluster.name}
            </Link>
          </h2>
          <ClusterBadge state={cluster.state} />
          <span className="min-w-0 truncate text-sm text-text-3">
            {t(`clusters.kind.${cluster.kind}`)}
            {cluster.own && ` · ${t("clusters.own")}`}
            {cluster.endpoint && ` · ${cluster.endpoint}`}
          </span>
          {may && (
            <span className="ml-auto">
              <TestButton testing={testing} name={cluster.name} />
            </span>
          )}
        </div>
        {cluster.state === "away" && (
          <p className="mt-2 break-words text-bad text-sm" lang="en">
            {cluster.reason}
          </p>
        )}
        <TestFinding testing={testing} className="mt-2 empty:mt-0" />
        <div className="mt-3 grid gap-x-8 gap-y-3 sm:grid-cols-2 lg:grid-cols-[minmax(0,1.4fr)_minmax(0,1fr)_minmax(0,1fr)]">
          <div>
            <dl className="grid grid-cols-3 gap-x-4 tabular-nums">
              <Figure label={t("clusters.nodes")}>
                {cluster.node_count > 0 || cluster.state === "ready"
                  ? `${num(cluster.nodes_ready)}/${num(cluster.node_count)}`
                  : "–"}
              </Figure>
              <Figure label={t("clusters.apps")}>{num(cluster.apps)}</Figure>
              <Figure label={t("clusters.instances")}>{num(cluster.instances)}</Figure>
            </dl>
            <div className="mt-1 min-h-4">
              <StateCounts counts={cluster.states} className="text-xs" />
            </div>
          </div>
          <LoadBar share={cpu} />
          <LoadBar share={memory} />
        </div>
      </Card>
    </li>
  );
}

function Figure({ label, children }: { label: string; children: string }) {
  return (
    <div>
      <dt className="text-sm text-text-3">{label}</dt>
      <dd className="font-semibold text-lg">{children}</dd>
    </div>
  );
}
