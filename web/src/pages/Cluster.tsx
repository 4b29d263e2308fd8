import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ChevronRight, CircleAlert, KeyRound, Plus, Server, Trash2 } from "lucide-react";
import { useState } from "react";
import { asProblem } from "@/api/problem";
import { queries } from "@/api/queries";
import { type Cluster as ClusterReport, can } from "@/api/types";
import { Page } from "@/app/Page";
import { JoinNode } from "@/clusters/JoinNode";
import { ClusterBadge } from "@/clusters/Marks";
import { useClusterNews } from "@/clusters/news";
import { clusterQueries, watched } from "@/clusters/queries";
import { RemoveCluster } from "@/clusters/RemoveCluster";
import { RenewDialog } from "@/clusters/RenewDialog";
import { Summary } from "@/clusters/Summary";
import { TestButton, TestFinding, useTest } from "@/clusters/TestButton";
import { Topology } from "@/clusters/Topology";
import { Button, buttonClass } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/feedback";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { ago } from "@/lib/time";
import { useTitle } from "@/lib/title";

/** One cluster: its nodes, what runs where, and what can be done with it. */
export default function Cluster() {
  const { cluster: name } = useParams({ from: "/shell/clusters/$cluster" });
  useTitle(t("nav.clusters"), name);
  useClusterNews();
  const { data: me } = useQuery(queries.session());
  const { data, error, refetch } = useQuery({ ...clusterQueries.one(name), ...watched });
  const may = can(me, "admin");
  if (error && asProblem(error).status === 404) return <NoSuchCluster name={name} />;
  return (
    <Page>
      <Head name={name} cluster={data} may={may} />
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mb-4" />}
      {!data && !error && (
        <div role="status" aria-label={t("common.loading")} className="space-y-5">
          <Skeleton className="h-24" />
          <Skeleton className="h-72" />
        </div>
      )}
      {data && (
        <>
          {data.state === "away" && <Away cluster={data} />}
          {(data.state === "ready" || data.node_count > 0) && <Summary cluster={data} />}
          <Topology cluster={data} may={may} />
          <CommandHint className="mt-5" command={cli("clusters show", undefined, name)} />
        </>
      )}
    </Page>
  );
}

type Opened = "join" | "renew" | "remove";

function Head({ name, cluster, may }: { name: string; cluster: ClusterReport | undefined; may: boolean }) {
  const [open, setOpen] = useState<Opened>();
  const testing = useTest(name);
  const close = () => setOpen(undefined);
  return (
    <div className="mb-5">
      <div className="flex flex-wrap items-start gap-x-3 gap-y-3">
        <div className="min-w-0">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <h1 className="flex min-w-0 items-center gap-1.5 text-page-title">
              <Link to="/clusters" className="rounded-sm font-normal text-text-3 hover:text-text">
                {t("nav.clusters")}
              </Link>
              <ChevronRight size={16} className="shrink-0 text-text-3" aria-hidden />
              <span className="truncate" translate="no">
                {name}
              </span>
            </h1>
            {cluster ? <ClusterBadge state={cluster.state} /> : <Skeleton className="h-5 w-14" />}
          </div>
          <p className="mt-0.5 min-h-6 break-words text-text-2">
            {cluster && (
              <>
                {t(`clusters.kind.${cluster.kind}`)}
                {cluster.own && ` · ${t("clusters.own")}`}
                {cluster.endpoint && ` · ${cluster.endpoint}`}
              </>
            )}
          </p>
        </div>
        {may && cluster && (
          <div className="flex flex-wrap items-center gap-2 sm:ml-auto">
            <TestButton testing={testing} name={name} />
            {!cluster.own && (
              <>
                <Button size="sm" onClick={() => setOpen("renew")}>
                  <KeyRound size={15} aria-hidden />
                  {t("clusters.renew")}
                </Button>
                <Button size="sm" onClick={() => setOpen("remove")}>
                  <Trash2 size={15} aria-hidden />
                  {t("clusters.remove")}
                </Button>
              </>
            )}
            {cluster.kind !== "docker" && (
              <Button size="sm" look="primary" onClick={() => setOpen("join")}>
                <Plus size={15} aria-hidden />
                {t("join_node.button")}
              </Button>
            )}
          </div>
        )}
      </div>
      <TestFinding testing={testing} className="mt-2 empty:mt-0" />
      {cluster && (
        <>
          <JoinNode cluster={cluster} open={open === "join"} onClose={close} />
          <RenewDialog cluster={cluster} open={open === "renew"} onClose={close} />
          <RemoveCluster cluster={cluster} open={open === "remove"} onClose={close} />
        </>
      )}
    </div>
  );
}

/** Says that a cluster does not answer, why, and how old what is shown is. */
function Away({ cluster }: { cluster: ClusterReport }) {
  return (
    <div role="alert" className="mb-5 flex items-start gap-2.5 rounded-md bg-bad-soft px-4 py-3 text-bad">
      <CircleAlert size={18} className="mt-0.5 shrink-0" aria-hidden />
      <div className="min-w-0 break-words">
        <p className="font-medium">{t("clusters.away")}</p>
        <p lang="en">{cluster.reason}</p>
        <p className="mt-1">
          {cluster.seen_at
            ? t("clusters.away_since", { when: ago(cluster.seen_at) })
            : t("clusters.away_never")}
        </p>
      </div>
    </div>
  );
}

function NoSuchCluster({ name }: { name: string }) {
  return (
    <div className="mx-auto w-full max-w-2xl px-4 py-16">
      <Empty
        icon={<Server size={28} aria-hidden />}
        level={1}
        title={t("clusters.missing", { cluster: name })}
        action={
          <Link to="/clusters" className={buttonClass("primary")}>
            {t("clusters.back")}
          </Link>
        }
      >
        {t("clusters.missing_body")}
      </Empty>
    </div>
  );
}
