import { useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { type ReactNode, useState } from "react";
import { api } from "@/api/client";
import { keys } from "@/api/queries";
import type { App, NewToken } from "@/api/types";
import { t } from "@/i18n";
import { Say } from "@/i18n/Say";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { sendCommands } from "@/newapp/send";
import { Button } from "./ui/button";
import { CodeBlock } from "./ui/copy";
import { ErrorNote } from "./ui/feedback";
import { Card } from "./ui/layout";
import { Segmented } from "./ui/segmented";
import { BusyDot } from "./ui/status";

interface FirstDeploymentProps {
  app: App;
  way?: "push";
  /** Kept by who outlives this: a token is shown but once. */
  token?: NewToken;
  onToken?: (token: NewToken) => void;
}

/** How to send the first source, with commands to copy. The page around it goes on when it arrives. */
export function FirstDeployment({ app, token: given, onToken }: FirstDeploymentProps) {
  const [by, setBy] = useState<"git" | "cli">("git");
  const [own, setOwn] = useState<NewToken>();
  const client = useQueryClient();
  const token = given ?? own;
  const make = useAction(() =>
    api.createToken({
      name: t("first.token_name", { app: app.name }),
      scopes: ["deploy"],
      expires_in_days: 90,
    }),
  );
  const go = async () => {
    const made = await make.run();
    if (!made) return;
    void client.invalidateQueries({ queryKey: keys.tokens });
    setOwn(made);
    onToken?.(made);
  };
  const commands = sendCommands(app, by, location.origin, token?.token);
  return (
    <Card className="p-4 sm:p-6">
      <ol className="space-y-6">
        <StepItem n={1} title={t("first.token")}>
          {token ? (
            <div role="status">
              <CodeBlock text={token.token} label={t("first.copy_token")} />
              <p className="mt-1.5 text-sm text-text-3">{t("first.token_once")}</p>
            </div>
          ) : (
            <>
              <p className="mb-2 text-text-2">{t("first.token_body")}</p>
              <Button busy={make.busy} onClick={() => void go()}>
                <KeyRound size={15} aria-hidden />
                {t("first.make_token")}
              </Button>
              <ErrorNote error={make.problem} className="mt-2" />
            </>
          )}
        </StepItem>
        <StepItem n={2} title={by === "git" ? t("first.push") : t("first.upload")}>
          <Segmented
            label={t("first.by")}
            value={by}
            onChange={setBy}
            options={[
              { value: "git", label: "git push" },
              { value: "cli", label: cli("deploy") },
            ]}
            size="sm"
            className="mb-2.5"
          />
          <CodeBlock text={commands.asked} label={t("common.copy_command")} />
          <p className="mt-1.5 text-sm text-text-3">
            {by === "git" ? (
              <Say
                k="first.push_hint"
                values={{ user: <code className="font-mono text-text-2">git</code> }}
              />
            ) : (
              t("first.upload_hint")
            )}
          </p>
          {commands.unasked && (
            <details className="mt-3 text-sm">
              <summary className="rounded-sm text-text-2 hover:text-text">{t("first.unasked")}</summary>
              <div className="mt-2">
                <CodeBlock text={commands.unasked} label={t("common.copy_command")} />
                <p className="mt-1.5 text-warn">
                  {by === "git" ? t("first.unasked_push") : t("first.unasked_upload")}
                </p>
              </div>
            </details>
          )}
        </StepItem>
        <StepItem n={3} title={t("first.wait")}>
          <p className="flex items-center gap-2.5 text-text-2" role="status">
            <span className="text-accent-text">
              <BusyDot />
            </span>
            {by === "git" ? t("first.waiting_push") : t("first.waiting_upload")}
          </p>
        </StepItem>
      </ol>
    </Card>
  );
}

function StepItem({ n, title, children }: { n: number; title: string; children: ReactNode }) {
  return (
    <li className="grid grid-cols-[1.75rem_minmax(0,1fr)] gap-x-3">
      <span
        className="grid size-7 place-items-center rounded-full bg-surface-2 font-semibold text-sm"
        aria-hidden
      >
        {n}
      </span>
      <div className="min-w-0">
        <h2 className="mb-2 pt-0.5 font-semibold">{title}</h2>
        {children}
      </div>
    </li>
  );
}
