import { useState } from "react";
import { api } from "@/api/client";
import type { App, WebhookSecret } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CodeBlock, CommandHint } from "@/components/ui/copy";
import { ErrorNote } from "@/components/ui/feedback";
import { Section } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";

/** What the forge needs so that each push is deployed. */
export function Webhook({ app }: { app: App }) {
  const [made, setMade] = useState<WebhookSecret>();
  const make = useAction(() => api.webhookSecret(app.name));
  const go = async () => {
    const secret = await make.run();
    if (secret) setMade(secret);
  };
  return (
    <Section title={t("hook.title")} hint={t("hook.body")}>
      <div className="space-y-4">
        <div>
          <p className="mb-1.5 font-medium text-sm">{t("hook.url")}</p>
          <CodeBlock text={made?.url ?? app.webhook_url} label={t("hook.copy_url")} />
        </div>
        {made ? (
          <div role="status">
            <p className="mb-1.5 font-medium text-sm">{t("webhook.secret")}</p>
            <CodeBlock text={made.secret} label={t("webhook.copy_secret")} />
            <p className="mt-1.5 text-sm text-text-3">{t("webhook.once")}</p>
          </div>
        ) : (
          <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
            <Button busy={make.busy} onClick={() => void go()}>
              {t("hook.make")}
            </Button>
            <p className="text-sm text-text-3">{t("hook.replaces")}</p>
          </div>
        )}
        <ErrorNote error={make.problem} />
        <CommandHint command={cli("webhook rotate", app.name)} />
      </div>
    </Section>
  );
}
