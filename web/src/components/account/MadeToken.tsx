import type { ReactNode } from "react";
import type { NewToken } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CodeBlock } from "@/components/ui/copy";
import { Card } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";

/** A token that has just been made, the only time that it is seen, and what to do with it. */
export function MadeToken({ token, onKept }: { token: NewToken; onKept: () => void }) {
  const here = window.location.origin;
  return (
    <Card className="mb-5 border-ok-mark/50! p-4 sm:p-5">
      <div role="status">
        <p className="font-semibold [overflow-wrap:anywhere]">{t("tokens.made", { name: token.name })}</p>
        <p className="mt-0.5 mb-3 text-text-2">{t("tokens.once")}</p>
      </div>
      <CodeBlock text={token.token} label={t("tokens.copy")} />
      <h2 className="mt-4 font-medium text-sm">{t("tokens.use")}</h2>
      <dl className="mt-2 grid gap-3 text-sm">
        <Use name={t("tokens.use_cli")} text={cli("login", undefined, here)}>
          {t("tokens.use_cli_body")}
        </Use>
        <Use
          name={t("tokens.use_env")}
          text={`export SLIPWAY_URL=${here}\nread -rs SLIPWAY_TOKEN && export SLIPWAY_TOKEN`}
        >
          {t("tokens.use_env_body")}
        </Use>
        <Use name={t("tokens.use_git")}>{t("tokens.use_git_body")}</Use>
      </dl>
      <div className="mt-4 flex justify-end">
        <Button onClick={onKept}>{t("tokens.kept")}</Button>
      </div>
    </Card>
  );
}

function Use({ name, text, children }: { name: string; text?: string; children: ReactNode }) {
  return (
    <div>
      <dt className="font-medium">{name}</dt>
      <dd className="text-text-2">
        <p className={text ? "mb-1.5" : undefined}>{children}</p>
        {text && <CodeBlock text={text} label={t("common.copy_command")} />}
      </dd>
    </div>
  );
}
