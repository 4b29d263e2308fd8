import { useState } from "react";
import { api } from "@/api/client";
import type { App, WebhookSecret } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CodeBlock, CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/feedback";
import { Section } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";

/** What a forge needs to tell of pushes. */
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
  return (
    <Section title={t("webhook.title")} hint={app.source ? t("webhook.hint") : t("webhook.needs_source")}>
      <p className="mb-1.5 font-medium text-sm">{t("webhook.url")}</p>
      <CodeBlock text={made?.url ?? app.webhook_url} />
      {made && (
        <div className="mt-4" role="status">
          <p className="mb-1.5 font-medium text-sm">{t("webhook.secret")}</p>
          <CodeBlock text={made.secret} label={t("webhook.copy_secret")} />
          <p className="mt-1.5 text-sm text-text-3">{t("webhook.once")}</p>
        </div>
      )}
      <div className="mt-4 flex flex-wrap items-start justify-between gap-3">
        <CommandHint command={cli("webhook rotate", app.name)} />
        {may && <Button onClick={() => setAsking(true)}>{t("webhook.rotate")}</Button>}
      </div>
      <Dialog
        open={asking}
        onOpenChange={setAsking}
        title={t("webhook.rotate")}
        description={t("webhook.rotate_body")}
      >
        <ErrorNote error={rotate.problem} />
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
