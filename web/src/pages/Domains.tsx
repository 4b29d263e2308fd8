import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { ExternalLink, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import { can, type Domain } from "@/api/types";
import { Page } from "@/app/Page";
import { Button, IconButton } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Field, Input } from "@/components/ui/field";
import { Card, PageHead, Row, Rows } from "@/components/ui/layout";
import { Badge } from "@/components/ui/status";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { useTitle } from "@/lib/title";

/** The host names that lead to an app. */
export default function Domains() {
  const { app } = useParams({ from: "/shell/apps/$app/domains" });
  useTitle(t("tab.domains"), app);
  const { data, error, isPending, refetch } = useQuery(queries.domains(app));
  const { data: me } = useQuery(queries.session());
  const { data: shown } = useQuery(queries.app(app));
  const [removing, setRemoving] = useState<Domain>();
  const may = can(me, "write");
  const addressOf = (host: string) => shown?.urls.find((url) => new URL(url).hostname === host);
  return (
    <Page width="narrow">
      <PageHead title={t("tab.domains")}>{t("domains.lead")}</PageHead>
      {may && <AddDomain app={app} />}
      {isPending && <SkeletonRows rows={2} />}
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mb-4" />}
      {data && (
        <Card className="overflow-hidden">
          <Rows label={t("tab.domains")}>
            {data.items.map((domain) => (
              <Row key={domain.id || domain.host} className="flex items-center justify-between gap-3">
                <span className="min-w-0 truncate font-mono">
                  {addressOf(domain.host) ? (
                    <a
                      href={addressOf(domain.host)}
                      target="_blank"
                      rel="noreferrer"
                      className="link inline-flex items-center gap-1"
                    >
                      {domain.host}
                      <ExternalLink size={12} aria-hidden />
                      <span className="sr-only">{t("common.new_tab")}</span>
                    </a>
                  ) : (
                    domain.host
                  )}
                </span>
                {domain.automatic ? (
                  <Badge>{t("domains.automatic")}</Badge>
                ) : (
                  may && (
                    <IconButton
                      label={t("domains.remove", { host: domain.host })}
                      onClick={() => setRemoving(domain)}
                    >
                      <Trash2 size={15} aria-hidden />
                    </IconButton>
                  )
                )}
              </Row>
            ))}
          </Rows>
        </Card>
      )}
      <CommandHint className="mt-5" command={cli("domains", app)} />
      <RemoveDomain app={app} domain={removing} onClose={() => setRemoving(undefined)} />
    </Page>
  );
}

function AddDomain({ app }: { app: string }) {
  const [host, setHost] = useState("");
  const client = useQueryClient();
  const add = useAction((name: string) => api.addDomain(app, name));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!(await add.run(host.trim().toLowerCase()))) return;
    setHost("");
    void client.invalidateQueries({ queryKey: keys.app(app) });
  };
  return (
    <Card className="mb-5 p-4 sm:p-5">
      <form onSubmit={submit} noValidate>
        <Field label={t("domains.add")} hint={t("domains.add_hint")} error={add.field("host")}>
          <Input
            mono
            inputMode="url"
            placeholder="www.example.com"
            value={host}
            onChange={(e) => setHost(e.target.value)}
          />
        </Field>
        <ErrorNote error={add.general("host")} className="mt-3" />
        <div className="mt-3 flex flex-wrap items-start justify-between gap-3">
          <CommandHint command={cli("domains add", app, host || "HOST")} />
          <Button type="submit" look="primary" busy={add.busy}>
            {t("domains.add")}
          </Button>
        </div>
      </form>
    </Card>
  );
}

function RemoveDomain({
  app,
  domain,
  onClose,
}: {
  app: string;
  domain: Domain | undefined;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const remove = useAction(async (host: string) => {
    await api.removeDomain(app, host);
    return true;
  });
  const go = async () => {
    if (!domain || !(await remove.run(domain.host))) return;
    void client.invalidateQueries({ queryKey: keys.app(app) });
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
      description={t("domains.remove_body")}
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
