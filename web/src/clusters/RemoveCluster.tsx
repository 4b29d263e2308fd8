import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import type { Cluster } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/feedback";
import { toast } from "@/components/ui/toast";
import { t, tn } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";

interface RemoveClusterProps {
  cluster: Cluster;
  open: boolean;
  onClose: () => void;
}

// More would be no list to read.
const listed = 8;

/** Takes a cluster away, or says which apps need it. */
export function RemoveCluster({ cluster, open, onClose }: RemoveClusterProps) {
  const { data: apps } = useQuery({ ...queries.apps(), enabled: open });
  const needing = apps?.filter((app) => app.cluster === cluster.name) ?? [];
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useAction(async () => {
    await api.removeCluster(cluster.name);
    return true;
  });
  const close = () => {
    remove.reset();
    onClose();
  };
  const go = async () => {
    if (!(await remove.run())) return;
    close();
    await navigate({ to: "/clusters" });
    client.removeQueries({ queryKey: [...keys.clusters, cluster.name] });
    void client.invalidateQueries({ queryKey: keys.clusters });
    toast(t("clusters.removed", { cluster: cluster.name }));
  };
  return (
    <Dialog
      open={open}
      onOpenChange={close}
      title={t("clusters.remove_title", { cluster: cluster.name })}
      description={t("clusters.remove_body")}
    >
      {needing.length > 0 && (
        <div className="mb-3 rounded-md bg-warn-soft px-3 py-2.5 text-warn">
          <p>{t("clusters.needed")}</p>
          <ul className="mt-1 list-disc pl-5">
            {needing.slice(0, listed).map((app) => (
              <li key={app.id}>
                <Link
                  to="/apps/$app/settings"
                  params={{ app: app.name }}
                  className="underline"
                  translate="no"
                >
                  {app.name}
                </Link>
              </li>
            ))}
          </ul>
          {needing.length > listed && (
            <p className="mt-1">{tn("clusters.needed_more", needing.length - listed)}</p>
          )}
        </div>
      )}
      <ErrorNote error={remove.problem} className="mb-3" />
      <CommandHint
        command={
          needing[0]
            ? cli("move", undefined, needing[0].name, "--to", "CLUSTER")
            : cli("clusters remove", undefined, cluster.name)
        }
      />
      <DialogActions>
        <Button onClick={close}>{t("common.cancel")}</Button>
        <Button look="danger" busy={remove.busy} disabled={needing.length > 0} onClick={() => void go()}>
          {t("clusters.remove")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
