import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Zap } from "lucide-react";
import { api } from "@/api/client";
import { queries } from "@/api/queries";
import { ReleaseChanges } from "@/components/ReleaseChanges";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote, Skeleton } from "@/components/ui/feedback";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { PlanPreview } from "@/plan/PlanPreview";

interface RollbackDialogProps {
  app: string;
  /** The release that is live. */
  live: number;
  /** The release before, while its instances still run. */
  warm?: number;
  /** The release to make live again; the dialog is open while there is one. */
  target: number | undefined;
  onClose: () => void;
}

/** Asks before a rollback, with what it changes, and follows the deployment it makes. */
export function RollbackDialog({ app, live, warm, target, onClose }: RollbackDialogProps) {
  const navigate = useNavigate();
  const open = target !== undefined;
  const version = target ?? 0;
  const from = useQuery({ ...queries.release(app, live), enabled: open && live > 0 });
  const to = useQuery({ ...queries.release(app, version), enabled: open });
  const rollback = useAction(() => api.rollback(app, version));
  const close = () => {
    onClose();
    rollback.reset();
  };
  const go = async () => {
    const made = await rollback.run();
    if (!made) return;
    onClose();
    await navigate({ to: "/apps/$app/deployments/$number", params: { app, number: String(made.number) } });
  };
  // Another person may have made it live meanwhile.
  const already = open && live === version;
  return (
    <Dialog
      wide
      open={open}
      onOpenChange={close}
      title={t("releases.rollback_title", { app, v: version })}
      description={t("releases.rollback_body", { v: live })}
    >
      <p className="mb-3 flex items-center gap-2 text-sm text-text-2">
        <Zap size={15} className="shrink-0 text-ok" aria-hidden />
        {warm === target ? t("warm.dialog") : t("releases.no_build")}
      </p>
      {from.data && to.data ? (
        <ReleaseChanges from={from.data} to={to.data} />
      ) : from.error || to.error ? (
        <ErrorNote
          error={to.error ?? from.error}
          onRetry={() => void Promise.all([from.refetch(), to.refetch()])}
        />
      ) : (
        <Skeleton className="h-72" />
      )}
      {open && !already && <PlanPreview className="mt-3" app={app} change={{ rollback: version }} />}
      {already && <p className="mt-3 text-text-2">{t("releases.already_live", { v: version })}</p>}
      <ErrorNote error={rollback.problem} className="mt-3" />
      <CommandHint className="mt-4" command={cli("rollback", app, `v${version}`)} />
      <DialogActions>
        <Button onClick={close}>{t("common.cancel")}</Button>
        <Button look="primary" busy={rollback.busy} disabled={already || !to.data} onClick={() => void go()}>
          {t("releases.rollback_submit", { v: version })}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
