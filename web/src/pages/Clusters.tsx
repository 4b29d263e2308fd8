import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { queries } from "@/api/queries";
import { can } from "@/api/types";
import { Page } from "@/app/Page";
import { AddCluster } from "@/clusters/AddCluster";
import { ClusterRow } from "@/clusters/ClusterRow";
import { useClusterNews } from "@/clusters/news";
import { clusterQueries, watched } from "@/clusters/queries";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { ErrorNote, Skeleton } from "@/components/ui/feedback";
import { PageHead } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useTitle } from "@/lib/title";

/** The clusters that apps can run on. */
export default function Clusters() {
  useTitle(t("nav.clusters"));
  useClusterNews();
  const { data: me } = useQuery(queries.session());
  const { data, error, refetch } = useQuery({ ...clusterQueries.list(), ...watched });
  const [adding, setAdding] = useState(false);
  const may = can(me, "admin");
  return (
    <Page>
      <PageHead
        title={t("nav.clusters")}
        actions={
          may && (
            <Button look="primary" onClick={() => setAdding(true)}>
              <Plus size={16} aria-hidden />
              {t("clusters.add")}
            </Button>
          )
        }
      >
        {t(may || !me ? "clusters.lead" : "clusters.lead_may_not")}
      </PageHead>
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mb-4" />}
      {!data && !error && (
        <div role="status" aria-label={t("common.loading")}>
          <Skeleton className="h-40" />
        </div>
      )}
      {data && (
        <ul className="space-y-4" aria-label={t("clusters.list")}>
          {data.map((cluster) => (
            <ClusterRow key={cluster.name} cluster={cluster} may={may} />
          ))}
        </ul>
      )}
      {data?.length === 1 && (
        <div className="mt-4 rounded-lg border border-dashed px-5 py-6 text-center">
          <h2 className="font-semibold">{t("clusters.only_one")}</h2>
          <p className="mx-auto mt-1 max-w-lg text-text-2">{t("clusters.only_one_body")}</p>
        </div>
      )}
      <CommandHint className="mt-5" command={cli("clusters")} />
      <AddCluster open={adding} onClose={() => setAdding(false)} />
    </Page>
  );
}
