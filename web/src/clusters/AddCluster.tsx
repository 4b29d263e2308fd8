import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { keys } from "@/api/queries";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/feedback";
import { Field, Input } from "@/components/ui/field";
import { Segmented } from "@/components/ui/segmented";
import { toast } from "@/components/ui/toast";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { AccessFields, accessOf, accessWords, type ClusterKind, noAccess } from "./AccessFields";

/** Adds a cluster, once it has answered. What it is reached with is gone with the dialog. */
export function AddCluster({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog
      wide
      open={open}
      onOpenChange={onClose}
      title={t("clusters.add")}
      description={t("clusters.add_body")}
    >
      <AddForm onClose={onClose} />
    </Dialog>
  );
}

const shownFields = [
  "kind",
  "name",
  "endpoint",
  ...["ca", "cert", "key", "kubeconfig", "context"].map((name) => `credentials.${name}`),
];

function AddForm({ onClose }: { onClose: () => void }) {
  const [kind, setKind] = useState<ClusterKind>("swarm");
  const [name, setName] = useState("");
  const [draft, setDraft] = useState(noAccess);
  const client = useQueryClient();
  const navigate = useNavigate();
  const add = useAction(() => api.addCluster({ kind, name: name.trim(), ...accessOf(kind, draft) }));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const made = await add.run();
    if (!made) return;
    void client.invalidateQueries({ queryKey: keys.clusters });
    onClose();
    toast(t("clusters.added", { cluster: made.name }));
    void navigate({ to: "/clusters/$cluster", params: { cluster: made.name } });
  };
  return (
    <form onSubmit={submit} noValidate className="space-y-4">
      <div>
        <Segmented
          label={t("clusters.kind")}
          value={kind}
          onChange={setKind}
          options={[
            { value: "swarm", label: t("clusters.kind.swarm") },
            { value: "kubernetes", label: t("clusters.kind.kubernetes") },
          ]}
        />
      </div>
      <Field label={t("clusters.name")} hint={t("clusters.name_hint")} error={add.field("name")}>
        <Input mono autoComplete="off" value={name} onChange={(e) => setName(e.target.value)} />
      </Field>
      <AccessFields kind={kind} draft={draft} onChange={setDraft} field={add.field} />
      <ErrorNote error={add.general(...shownFields)} />
      <p className="sr-only" role="status">
        {add.busy && t("clusters.adding")}
      </p>
      <CommandHint
        command={cli("clusters add", undefined, kind, name.trim() || "NAME", ...accessWords(kind, draft))}
      />
      <DialogActions>
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button type="submit" look="primary" busy={add.busy} disabled={name.trim() === ""}>
          {t("clusters.add_submit")}
        </Button>
      </DialogActions>
    </form>
  );
}
