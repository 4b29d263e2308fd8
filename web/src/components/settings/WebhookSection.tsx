import { useState } from "react";
import { api } from "@/api/client";
import type { App, WebhookSecret } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CodeBlock, CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/feedback";
import { Section } from "@/components/ui/layout";
import { t } from "@/i18n";
import { Say } from "@/i18n/Say";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";

/** What GitHub needs to tell of pushes, and where it is entered there. */
export function WebhookSection({ app, may }: { app: App; may: boolean }) {
  const [made, setMade] = useState<WebhookSecret>();
  const [asking, setAsking] = useState(false);
  const rotate = useAction(() => api.webhookSecret(app.name));
  const go = async () => {
    const secret = await rotate.run();
    if (!secret) return;
    setMade(secret);
    setAsking(false);
  };
  const github = app.source && /github\.com[/:](.+?)(\.git)?$/.exec(app.source.url)?.[1];
  const page = github && `https://github.com/${github}/settings/hooks/new`;
  return (
    <Section title={t("webhook.title")} hint={app.source ? t("webhook.hint") : t("webhook.needs_source")}>
      <p className="mb-1.5 font-medium text-sm">{t("webhook.url")}</p>
      <CodeBlock text={made?.url ?? app.webhook_url} label={t("webhook.copy_url")} />
      {made && (
        <div className="mt-4" role="status">
          <p className="mb-1.5 font-medium text-sm">{t("webhook.secret")}</p>
          <CodeBlock text={made.secret} label={t("webhook.copy_secret")} />
          <p className="mt-1.5 text-sm text-warn">{t("webhook.once")}</p>
        </div>
      )}
      <h3 className="mt-4 font-medium text-sm">{t("webhook.enter")}</h3>
      <ol className="mt-1 list-decimal space-y-0.5 pl-5 text-sm text-text-2">
        <li>
          {page ? (
            <a href={page} target="_blank" rel="noreferrer" className="link">
              {t("webhook.step_open_own")}
              <span className="sr-only">{t("common.new_tab")}</span>
            </a>
          ) : (
            t("webhook.step_open")
          )}
        </li>
        <li>{t("webhook.step_url")}</li>
        <li>
          <Say
            k="webhook.step_type"
            values={{ type: <code className="font-mono text-text">application/json</code> }}
          />
        </li>
        <li>{t("webhook.step_secret")}</li>
        <li>{t("webhook.step_push")}</li>
      </ol>
      <div className="mt-4 flex flex-wrap items-center justify-between gap-3">
        <CommandHint command={cli("webhook rotate", app.name)} />
        {may && (
          <Button className="ml-auto" onClick={() => setAsking(true)}>
            {t("webhook.rotate")}
          </Button>
        )}
      </div>
      <Dialog
        open={asking}
        onOpenChange={(open) => {
          setAsking(open);
          rotate.reset();
        }}
        title={t("webhook.rotate")}
        description={t("webhook.rotate_body")}
      >
        <ErrorNote error={rotate.problem} className="mb-3" />
        <CommandHint command={cli("webhook rotate", app.name)} />
        <DialogActions>
          <Button onClick={() => setAsking(false)}>{t("common.cancel")}</Button>
          <Button look="primary" busy={rotate.busy} onClick={() => void go()}>
            {t("webhook.rotate")}
          </Button>
        </DialogActions>
      </Dialog>
    </Section>
  );
}
