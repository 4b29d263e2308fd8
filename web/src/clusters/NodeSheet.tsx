import type { Cluster, ClusterNode } from "@/api/types";
import { CommandHint } from "@/components/ui/copy";
import { Sheet } from "@/components/ui/sheet";
import { cli } from "@/lib/command";
import { NodeBody } from "./NodeBody";
import { NodeHead } from "./NodeCard";

interface NodeSheetProps {
  node: ClusterNode | undefined;
  cluster: Cluster;
  may: boolean;
  onClose: () => void;
}

/** One of many nodes, beside the others. */
export function NodeSheet({ node, cluster, may, onClose }: NodeSheetProps) {
  return (
    <Sheet open={node !== undefined} onOpenChange={onClose} title={node?.name ?? ""}>
      {node && (
        <>
          <NodeHead node={node} cluster={cluster} may={may} nameless />
          <NodeBody node={node} most={400} labels={100} />
          <CommandHint className="mt-4" command={cli("clusters show", undefined, cluster.name)} />
        </>
      )}
    </Sheet>
  );
}
