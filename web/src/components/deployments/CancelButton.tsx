import { useQueryClient } from "@tanstack/react-query";
import { Ban, LoaderCircle } from "lucide-react";
import { useState } from "react";
import { api } from "@/api/client";
import { queries } from "@/api/queries";
import type { Deployment } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/feedback";
import { cancelHurts } from "@/deployments/cancel";
import { elapsed } from "@/deployments/timeline";
import { t, tWord } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { duration } from "@/lib/time";

/**
 * Cancels a deployment, after a question only where that throws much away. It
 * says "cancelling" until the work has really stopped.
 */
export function CancelButton({ deployment: d }: { deployment: Deployment }) {
  const client = useQueryClient();
  const [asked, setAsked] = useState(false);
  const cancel = useAction(async () => {
    const now = await api.cancelDeployment(d.app, d.number);
    // What the answer leaves out, such as the build, stays until it is asked for again.
    client.setQueryData(queries.deployment(d.app, d.number).queryKey, { ...d, ...now });
    return now;
  });
  const press = () => {
    if (cancelHurts(d, Date.now())) setAsked(true);
    else void cancel.run();
  };
  const sure = async () => {
    if (await cancel.run()) setAsked(false);
  };
  if (d.cancel_requested) {
    return (
      <Button disabled>
        <LoaderCircle size={15} className="animate-spinner" aria-hidden />
        {t("deployment.cancelling")}
      </Button>
    );
  }
  return (
    <>
      <Button className="text-bad!" busy={cancel.busy && !asked} onClick={press}>
        <Ban size={15} aria-hidden />
        {t("deployment.cancel")}
      </Button>
      {!asked && <ErrorNote error={cancel.problem} />}
      <Dialog
        open={asked}
        onOpenChange={(open) => {
          setAsked(open);
          cancel.reset();
        }}
        title={t("cancel.title", { n: d.number })}
        description={
          <>
            {tWord("cancel_body", d.state)} {t("cancel.live_stays")}
          </>
        }
      >
        <p className="text-sm text-text-3">
          {t("cancel.so_far", { took: duration(elapsed(d, Date.now())) })}
        </p>
        <ErrorNote error={cancel.problem} className="mt-3" />
        <CommandHint className="mt-4" command={cli("cancel", d.app, String(d.number))} />
        <DialogActions>
          <Button onClick={() => setAsked(false)}>{t("cancel.keep")}</Button>
          <Button look="danger" busy={cancel.busy} onClick={() => void sure()}>
            {t("cancel.submit")}
          </Button>
        </DialogActions>
      </Dialog>
    </>
  );
}
