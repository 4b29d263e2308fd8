import { useBlocker } from "@tanstack/react-router";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { t } from "@/i18n";

/** Asks before a page is left with changes on it that are not saved. */
export function LeaveGuard({ dirty }: { dirty: boolean }) {
  const { status, proceed, reset } = useBlocker({
    // What only the page's search holds, its filter for instance, leaves nothing.
    shouldBlockFn: ({ current, next }) => dirty && current.pathname !== next.pathname,
    enableBeforeUnload: dirty,
    withResolver: true,
  });
  return (
    <Dialog
      open={status === "blocked"}
      onOpenChange={(open) => {
        if (!open) reset?.();
      }}
      title={t("config.leave_title")}
      description={t("config.leave_body")}
    >
      <DialogActions>
        <Button onClick={() => reset?.()}>{t("config.stay")}</Button>
        <Button look="danger" onClick={() => proceed?.()}>
          {t("config.leave")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
