import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import type { App } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/feedback";
import { Checkbox, Field, Input } from "@/components/ui/field";
import { Section } from "@/components/ui/layout";
import { toast } from "@/components/ui/toast";
import { num, t, tn } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";

/** The end of an app, after its name was typed and what goes was said. */
export function DestroySection({ app }: { app: App }) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const [sure, setSure] = useState(false);
  const { data: volumes } = useQuery({ ...queries.volumes(app.name), enabled: open });
  const names = volumes?.items.map((volume) => volume.name) ?? [];
  const ready = typed === app.name && (names.length === 0 || sure);
  const client = useQueryClient();
  const navigate = useNavigate();
  // While it goes on, the live connection leaves what is shown of the app as it is.
  const { mutateAsync } = useMutation({
    mutationKey: keys.destroying(app.name),
    networkMode: "always",
    mutationFn: async () => {
      await api.destroyApp(app.name, typed, names);
      setOpen(false);
      await navigate({ to: "/" });
      client.removeQueries({ queryKey: keys.app(app.name) });
    },
  });
  const destroy = useAction(async () => {
    await mutateAsync();
    void client.invalidateQueries({ queryKey: keys.apps });
    toast(t("destroy.done", { app: app.name }));
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) void destroy.run();
  };
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
          setSure(false);
          destroy.reset();
        }}
        title={t("destroy.question", { app: app.name })}
        description={
          <>
            <p>{t("destroy.goes")}</p>
            {open && <WhatGoes app={app} />}
            <p className="mt-2 font-medium text-text">{t("destroy.forever")}</p>
          </>
        }
      >
        <form onSubmit={submit} noValidate>
          <Field label={t("destroy.type", { app: app.name })} error={destroy.field("confirm")}>
            <Input mono autoComplete="off" value={typed} onChange={(e) => setTyped(e.target.value)} />
          </Field>
          {names.length > 0 && (
            <Checkbox
              className="mt-3"
              label={t("destroy.volumes_sure", { names: names.join(", ") })}
              checked={sure}
              onChange={(e) => setSure(e.target.checked)}
            />
          )}
          <ErrorNote error={destroy.general("confirm")} className="mt-3" />
          <CommandHint
            className="mt-3"
            command={cli("destroy", app.name, ...(names.length > 0 ? ["--volumes", names.join(",")] : []))}
          />
          <DialogActions>
            <Button onClick={() => setOpen(false)}>{t("common.cancel")}</Button>
            <Button type="submit" look="danger" busy={destroy.busy} disabled={!ready}>
              {t("destroy.submit")}
            </Button>
          </DialogActions>
        </form>
      </Dialog>
    </Section>
  );
}

const waiting = "…";

/** What is lost with the app, counted. A count that is on its way keeps its line. */
function WhatGoes({ app }: { app: App }) {
  const config = useQuery(queries.config(app.name));
  const domains = useQuery(queries.domains(app.name));
  const volumes = useQuery(queries.volumes(app.name));
  const kept = volumes.data?.items.map((volume) => volume.name) ?? [];
  const releases = useInfiniteQuery(queries.releases(app.name));
  const pages = releases.data?.pages;
  const known = pages?.reduce((sum, page) => sum + page.items.length, 0);
  // Fifty come with each page; what is not fetched is not counted.
  const more = releases.hasNextPage;
  const own = domains.data?.items.filter((domain) => !domain.automatic);
  const lines = [
    tn("destroy.instances", app.instances.running),
    known === undefined
      ? waiting
      : more
        ? t("destroy.releases_more", { n: num(known) })
        : known > 0 && tn("destroy.releases", known),
    app.last_deployment && tn("destroy.deployments", app.last_deployment.number),
    config.data ? config.data.items.length > 0 && tn("destroy.config", config.data.items.length) : waiting,
    own
      ? own.length > 0 && `${tn("destroy.domains", own.length)}: ${own.map((one) => one.host).join(", ")}`
      : waiting,
    t("destroy.address", { url: app.url }),
    t("destroy.repository"),
    kept.length > 0 && t("destroy.volumes", { names: kept.join(", ") }),
  ];
  return (
    <ul className="mt-2 list-disc space-y-0.5 pl-5">
      {lines.map(
        (line, i) =>
          line && (
            <li key={i} className="break-words">
              {line}
            </li>
          ),
      )}
    </ul>
  );
}
