import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { RotateCw } from "lucide-react";
import { useState } from "react";
import { api } from "@/api/client";
import { queries } from "@/api/queries";
import { type App, can } from "@/api/types";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { Button } from "./ui/button";
import { CommandHint } from "./ui/copy";
import { Dialog, DialogActions } from "./ui/dialog";
import { ErrorNote } from "./ui/feedback";

/** Replaces all instances by new ones, after a question. */
export function RestartButton({ app }: { app: App }) {
  const [open, setOpen] = useState(false);
  const { data: me } = useQuery(queries.session());
  if (!app.live_release || !can(me, "deploy")) return null;
  return (
    <>
      <Button onClick={() => setOpen(true)}>
        <RotateCw size={15} aria-hidden />
        {t("restart.button")}
      </Button>
      <RestartDialog app={app} open={open} onOpenChange={setOpen} />
    </>
  );
}

/** The question alone, for where it is opened by something else. */
export function RestartDialog(props: { app: App; open: boolean; onOpenChange: (open: boolean) => void }) {
  const { app, open, onOpenChange } = props;
  const navigate = useNavigate();
  const restart = useAction(() => api.restart(app.name));
  const go = async () => {
    const made = await restart.run();
    if (!made) return;
    onOpenChange(false);
    await navigate({
      to: "/apps/$app/deployments/$number",
      params: { app: app.name, number: String(made.number) },
    });
  };
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={t("restart.title", { app: app.name })}
      description={t("restart.body")}
    >
      <ErrorNote error={restart.problem} className="mb-3" />
      <CommandHint command={cli("restart", app.name)} />
      <DialogActions>
        <Button onClick={() => onOpenChange(false)}>{t("common.cancel")}</Button>
        <Button look="primary" busy={restart.busy} onClick={() => void go()}>
          {t("restart.button")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
