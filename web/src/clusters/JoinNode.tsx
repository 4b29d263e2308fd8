import { useState } from "react";
import { api } from "@/api/client";
import type { Cluster, ClusterJoin } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CodeBlock, CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/feedback";
import { t } from "@/i18n";
import { cli, quote } from "@/lib/command";
import { useAction } from "@/lib/form";

interface JoinNodeProps {
  cluster: Cluster;
  open: boolean;
  onClose: () => void;
}

/** Shows what makes a machine a node, once it is asked for: it holds a secret. */
export function JoinNode({ cluster, open, onClose }: JoinNodeProps) {
  const [how, setHow] = useState<ClusterJoin>();
  const ask = useAction(() => api.joinCluster(cluster.name));
  const close = () => {
    setHow(undefined);
    ask.reset();
    onClose();
  };
  const show = async () => setHow(await ask.run());
  return (
    <Dialog
      wide
      open={open}
      onOpenChange={close}
      title={t("join_node.title", { cluster: cluster.name })}
      description={how ? undefined : t("join_node.secret")}
    >
      {how && (
        <div role="status">
          <p className="mb-3 text-text-2">{t(how.command.length > 0 ? "join_node.run" : "join_node.none")}</p>
          {how.command.length > 0 && (
            <CodeBlock text={how.command.map(quote).join(" ")} label={t("join_node.copy")} />
          )}
          {how.hint && (
            <p className="mt-3 text-sm text-text-2" lang="en">
              {how.hint}
            </p>
          )}
        </div>
      )}
      <ErrorNote error={ask.problem} className="mb-3" />
      <CommandHint className="mt-3" command={cli("clusters join", undefined, cluster.name)} />
      <DialogActions>
        <Button onClick={close}>{t("common.close")}</Button>
        {!how && (
          <Button look="primary" busy={ask.busy} onClick={() => void show()}>
            {t("join_node.show")}
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
}
