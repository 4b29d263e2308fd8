import type { Cluster, ClusterNode } from "@/api/types";
import { Card } from "@/components/ui/layout";
import { Badge } from "@/components/ui/status";
import { t } from "@/i18n";
import { DrainButton } from "./DrainButton";
import { NodeBadge } from "./Marks";
import type { ShownNode } from "./model";
import { NodeBody } from "./NodeBody";

// A card is not to be longer than a screen.
const cells = 120;

/** A node with all that runs on it. */
export function NodeCard({ shown, cluster, may }: { shown: ShownNode; cluster: Cluster; may: boolean }) {
  const { node, apps } = shown;
  return (
    <li className="min-w-0">
      <Card className="h-full p-4">
        <NodeHead node={node} cluster={cluster} may={may} />
        <NodeBody node={node} apps={apps} most={cells} labels={3} />
      </Card>
    </li>
  );
}

interface NodeHeadProps {
  node: ClusterNode;
  cluster: Cluster;
  may: boolean;
  /** Its name stands above already. */
  nameless?: boolean;
}

export function NodeHead({ node, cluster, may, nameless }: NodeHeadProps) {
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      {!nameless && (
        <h3 className="min-w-0 truncate font-semibold" title={node.name} translate="no">
          {node.name}
        </h3>
      )}
      <NodeBadge state={node.state} />
      {node.manager && cluster.kind !== "docker" && <Badge>{t("nodes.manager")}</Badge>}
      {may && (
        <span className="ml-auto">
          <DrainButton node={node} cluster={cluster} />
        </span>
      )}
    </div>
  );
}
