import { useNavigate, useSearch } from "@tanstack/react-router";
import { Hourglass, Server } from "lucide-react";
import { useCallback, useMemo } from "react";
import type { Cluster } from "@/api/types";
import { Button } from "@/components/ui/button";
import { Empty } from "@/components/ui/feedback";
import { Card } from "@/components/ui/layout";
import { t, tn } from "@/i18n";
import { Cells } from "./Cells";
import { filterNodes, lookFor, placesOf, sortNodes } from "./model";
import { NodeCard } from "./NodeCard";
import { NodeSheet } from "./NodeSheet";
import { NodeTiles } from "./NodeTiles";
import { TopologyBar } from "./TopologyBar";

const route = "/shell/clusters/$cluster";

/** The nodes of a cluster and what runs where. */
export function Topology({ cluster, may }: { cluster: Cluster; may: boolean }) {
  const search = useSearch({ from: route });
  const navigate = useNavigate();
  const { q = "", state, sort = "name", node: open } = search;
  const look = search.look ?? lookFor(cluster.nodes.length);
  const shown = useMemo(
    () => sortNodes(filterNodes(cluster.nodes, { text: q, state }), sort),
    [cluster.nodes, q, state, sort],
  );
  const show = useCallback(
    (node: string | undefined) => {
      void navigate({
        to: ".",
        search: ((before: Record<string, unknown>) => ({ ...before, node })) as never,
        resetScroll: false,
      });
    },
    [navigate],
  );
  if (cluster.nodes.length === 0) {
    return cluster.state === "away" ? null : (
      <Empty icon={<Server size={28} aria-hidden />} title={t("nodes.none")}>
        {t("nodes.none_body")}
      </Empty>
    );
  }
  const clear = () =>
    void navigate({
      to: "/clusters/$cluster",
      params: { cluster: cluster.name },
      search: {},
      resetScroll: false,
    });
  return (
    <section aria-label={t("nodes.title")}>
      <h2 className="sr-only">{t("nodes.title")}</h2>
      <Unplaced cluster={cluster} />
      {(cluster.nodes.length > 1 || q || state) && (
        <TopologyBar shown={shown.length} all={cluster.nodes.length} look={look} />
      )}
      {shown.length === 0 ? (
        <Empty
          icon={<Server size={28} aria-hidden />}
          title={t("nodes.no_match")}
          action={<Button onClick={clear}>{t("nodes.clear")}</Button>}
        >
          {t("nodes.no_match_body")}
        </Empty>
      ) : look === "cards" ? (
        <ul className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,23rem),1fr))] gap-4">
          {shown.map((one) => (
            <NodeCard key={one.node.id} shown={one} cluster={cluster} may={may} />
          ))}
        </ul>
      ) : (
        <NodeTiles nodes={shown} onOpen={show} />
      )}
      <NodeSheet
        node={cluster.nodes.find((node) => node.id === open || node.name === open)}
        cluster={cluster}
        may={may}
        onClose={() => show(undefined)}
      />
    </section>
  );
}

/** What runs nowhere, since no node takes it. */
function Unplaced({ cluster }: { cluster: Cluster }) {
  const groups = placesOf(cluster.unplaced);
  const count = groups.reduce((sum, group) => sum + group.places.length, 0);
  if (count === 0) return null;
  return (
    <Card className="mb-4 border-warn-mark! p-4">
      <h3 className="flex items-center gap-2 font-semibold">
        <Hourglass size={16} className="text-warn" aria-hidden />
        {tn("nodes.unplaced", count)}
      </h3>
      <p className="mt-0.5 mb-3 text-sm text-text-2">{t("nodes.unplaced_body")}</p>
      <Cells groups={groups} label={tn("nodes.unplaced", count)} most={200} />
    </Card>
  );
}
