import { useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import { keys } from "@/api/queries";
import type { Domain } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/feedback";
import { toast } from "@/components/ui/toast";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";

interface RemoveDomainProps {
  app: string;
  domain: Domain | undefined;
  onClose: () => void;
}

/** Ends that a host name leads to an app, after what ends with it was said. */
export function RemoveDomain({ app, domain, onClose }: RemoveDomainProps) {
  const client = useQueryClient();
  const remove = useAction(async (host: string) => {
    await api.removeDomain(app, host).catch((error) => {
      // Somebody else was quicker; it is gone either way.
      if (asProblem(error).status !== 404) throw error;
    });
    return true;
  });
  const go = async () => {
    if (!domain || !(await remove.run(domain.host))) return;
    void client.invalidateQueries({ queryKey: keys.app(app) });
    toast(t("domains.removed", { host: domain.host }));
    onClose();
  };
  return (
    <Dialog
      open={domain !== undefined}
      onOpenChange={() => {
        onClose();
        remove.reset();
      }}
      title={t("domains.remove", { host: domain?.host ?? "" })}
      description={
        <>
          <p>{t("domains.remove_body")}</p>
          {domain?.host.startsWith("*.") && <p className="mt-2">{t("domains.remove_wildcard")}</p>}
          <p className="mt-2">{t("domains.remove_dns")}</p>
        </>
      }
    >
      <ErrorNote error={remove.problem} className="mb-3" />
      <CommandHint command={cli("domains remove", app, domain?.host ?? "")} />
      <DialogActions>
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button look="danger" busy={remove.busy} onClick={() => void go()}>
          {t("common.remove")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
