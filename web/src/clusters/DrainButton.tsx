import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import type { Cluster, ClusterNode } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/feedback";
import { toast } from "@/components/ui/toast";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { clusterQueries } from "./queries";

/** Has a node's instances go elsewhere, or takes it back. */
export function DrainButton({ node, cluster }: { node: ClusterNode; cluster: Cluster }) {
  const [open, setOpen] = useState(false);
  // What the dialog was opened for, however the node is by now.
  const [verb, setVerb] = useState<"drain" | "resume">("drain");
  const client = useQueryClient();
  const act = useAction(() =>
    verb === "drain" ? api.drainNode(cluster.name, node.id) : api.resumeNode(cluster.name, node.id),
  );
  const others = cluster.nodes.some((one) => one.id !== node.id && one.state === "ready");
  const go = async () => {
    const now = await act.run();
    if (!now) return;
    client.setQueryData(clusterQueries.one(cluster.name).queryKey, now);
    setOpen(false);
    toast(t(`nodes.done.${verb}`, { node: node.name }));
  };
  const wanted = node.state === "drained" ? "resume" : "drain";
  return (
    <>
      <Button
        size="sm"
        aria-label={`${t(`nodes.button.${wanted}`)} ${node.name}`}
        onClick={() => {
          setVerb(wanted);
          act.reset();
          setOpen(true);
        }}
      >
        {t(`nodes.button.${wanted}`)}
      </Button>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title={t(`nodes.ask.${verb}`, { node: node.name })}
        description={t(`nodes.told.${verb}`)}
      >
        {verb === "drain" && !others && node.instances > 0 && (
          <p className="mb-3 rounded-md bg-warn-soft px-3 py-2.5 text-warn">{t("nodes.nowhere")}</p>
        )}
        <ErrorNote error={act.problem} className="mb-3" />
        <CommandHint command={cli(`clusters ${verb}`, undefined, cluster.name, node.name)} />
        <DialogActions>
          <Button onClick={() => setOpen(false)}>{t("common.cancel")}</Button>
          <Button look="primary" busy={act.busy} onClick={() => void go()}>
            {t(`nodes.submit.${verb}`)}
          </Button>
        </DialogActions>
      </Dialog>
    </>
  );
}
