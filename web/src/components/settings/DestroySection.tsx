import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { keys } from "@/api/queries";
import type { App } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/feedback";
import { Field, Input } from "@/components/ui/field";
import { Section } from "@/components/ui/layout";
import { toast } from "@/components/ui/toast";
import { t, tn } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";

/** The end of an app, after its name was typed and what goes was said. */
export function DestroySection({ app }: { app: App }) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const client = useQueryClient();
  const navigate = useNavigate();
  const destroy = useAction(async () => {
    await api.destroyApp(app.name, typed);
    return true;
  });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (typed !== app.name || !(await destroy.run())) return;
    setOpen(false);
    await navigate({ to: "/" });
    client.removeQueries({ queryKey: keys.app(app.name) });
    void client.invalidateQueries({ queryKey: keys.apps });
    toast(t("destroy.done", { app: app.name }));
  };
  const releases = app.live_release?.version ?? 0;
  return (
    <Section title={t("destroy.title")} hint={t("destroy.hint")} className="border-bad-mark/40!">
      <Button
        look="danger"
        className="max-w-full whitespace-normal! break-all py-1.5"
        onClick={() => setOpen(true)}
      >
        {t("destroy.button", { app: app.name })}
      </Button>
      <Dialog
        open={open}
        onOpenChange={(now) => {
          setOpen(now);
          setTyped("");
          destroy.reset();
        }}
        title={t("destroy.question", { app: app.name })}
        description={
          <>
            <p>{t("destroy.goes")}</p>
            <ul className="mt-2 list-disc space-y-0.5 pl-5">
              <li>{tn("destroy.instances", app.instances.running)}</li>
              <li>{t("destroy.address", { url: app.urls.join(", ") })}</li>
              {releases > 0 && <li>{tn("destroy.releases", releases)}</li>}
              <li>{t("destroy.repository")}</li>
              <li>{t("destroy.config")}</li>
              <li>{t("destroy.logs")}</li>
            </ul>
            <p className="mt-2 font-medium text-text">{t("destroy.forever")}</p>
          </>
        }
      >
        <form onSubmit={submit} noValidate>
          <Field label={t("destroy.type", { app: app.name })} error={destroy.field("confirm")}>
            <Input mono autoComplete="off" value={typed} onChange={(e) => setTyped(e.target.value)} />
          </Field>
          <ErrorNote error={destroy.general("confirm")} className="mt-3" />
          <CommandHint className="mt-3" command={cli("destroy", app.name)} />
          <DialogActions>
            <Button onClick={() => setOpen(false)}>{t("common.cancel")}</Button>
            <Button type="submit" look="danger" busy={destroy.busy} disabled={typed !== app.name}>
              {t("destroy.submit")}
            </Button>
          </DialogActions>
        </form>
      </Dialog>
    </Section>
  );
}
