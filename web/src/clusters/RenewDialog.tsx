import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { keys } from "@/api/queries";
import type { Cluster } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/feedback";
import { toast } from "@/components/ui/toast";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { AccessFields, accessOf, accessWords, noAccess } from "./AccessFields";

interface RenewDialogProps {
  cluster: Cluster;
  open: boolean;
  onClose: () => void;
}

/** Gives a cluster another endpoint or other credentials, which must work. */
export function RenewDialog({ cluster, open, onClose }: RenewDialogProps) {
  return (
    <Dialog
      wide
      open={open}
      onOpenChange={onClose}
      title={t("clusters.renew_title", { cluster: cluster.name })}
      description={t("clusters.renew_body")}
    >
      <RenewForm cluster={cluster} onClose={onClose} />
    </Dialog>
  );
}

const shownFields = [
  "endpoint",
  ...["ca", "cert", "key", "kubeconfig", "context"].map((name) => `credentials.${name}`),
];

function RenewForm({ cluster, onClose }: Omit<RenewDialogProps, "open">) {
  const kind = cluster.kind === "kubernetes" ? "kubernetes" : "swarm";
  const [draft, setDraft] = useState({ ...noAccess, endpoint: cluster.endpoint });
  const client = useQueryClient();
  const renew = useAction(() => api.renewCluster(cluster.name, accessOf(kind, draft)));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!(await renew.run())) return;
    void client.invalidateQueries({ queryKey: keys.clusters });
    onClose();
    toast(t("clusters.renewed", { cluster: cluster.name }));
  };
  return (
    <form onSubmit={submit} noValidate className="space-y-4">
      <AccessFields kind={kind} draft={draft} onChange={setDraft} field={renew.field} />
      <ErrorNote error={renew.general(...shownFields)} />
      <CommandHint command={cli("clusters renew", undefined, cluster.name, ...accessWords(kind, draft))} />
      <DialogActions>
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button type="submit" look="primary" busy={renew.busy}>
          {t("clusters.renew")}
        </Button>
      </DialogActions>
    </form>
  );
}
