import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { KeyRound } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { api } from "@/api/client";
import { queries } from "@/api/queries";
import type { App, NewToken } from "@/api/types";
import { t } from "@/i18n";
import { Say } from "@/i18n/Say";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { Button } from "./ui/button";
import { CodeBlock } from "./ui/copy";
import { ErrorNote } from "./ui/feedback";
import { Card } from "./ui/layout";
import { BusyDot } from "./ui/status";

interface FirstDeploymentProps {
  app: App;
  way: "push" | "upload";
  token?: NewToken;
}

/** How to send the first source, with commands to copy; goes on by itself when it arrives. */
export function FirstDeployment({ app, way, token: given }: FirstDeploymentProps) {
  const [token, setToken] = useState(given);
  const navigate = useNavigate();
  const { data: now } = useQuery(queries.app(app.name));
  const make = useAction(() =>
    api.createToken({
      name: t("first.token_name", { app: app.name }),
      scopes: ["deploy"],
      expires_in_days: 90,
    }),
  );
  const number = now?.last_deployment?.number;
  useEffect(() => {
    if (!number) return;
    void navigate({
      to: "/apps/$app/deployments/$number",
      params: { app: app.name, number: String(number) },
    });
  }, [number, app.name, navigate]);

  const branch = app.branch || "main";
  const send =
    way === "push"
      ? [`git remote add slipway ${app.git_url}`, `git push slipway HEAD:${branch}`].join("\n")
      : [cli("login", undefined, location.origin), cli("deploy", app.name)].join("\n");
  return (
    <Card className="p-4 sm:p-6">
      <ol className="space-y-6">
        <StepItem n={1} title={t("first.token")}>
          {token ? (
            <>
              <CodeBlock text={token.token} label={t("first.copy_token")} />
              <p className="mt-1.5 text-sm text-text-3">{t("first.token_once")}</p>
            </>
          ) : (
            <>
              <p className="mb-2 text-text-2">{t("first.token_body")}</p>
              <Button busy={make.busy} onClick={async () => setToken(await make.run())}>
                <KeyRound size={15} aria-hidden />
                {t("first.make_token")}
              </Button>
              <ErrorNote error={make.problem} className="mt-2" />
            </>
          )}
        </StepItem>
        <StepItem n={2} title={way === "push" ? t("first.push") : t("first.upload")}>
          <CodeBlock text={send} label={t("common.copy_command")} />
          <p className="mt-1.5 text-sm text-text-3">
            {way === "push" ? (
              <Say
                k="first.push_hint"
                values={{ user: <code className="font-mono text-text-2">git</code> }}
              />
            ) : (
              t("first.upload_hint")
            )}
          </p>
        </StepItem>
        <StepItem n={3} title={t("first.wait")}>
          <p className="flex items-center gap-2.5 text-text-2" role="status">
            <span className="text-accent-text">
              <BusyDot />
            </span>
            {way === "push" ? t("first.waiting_push") : t("first.waiting_upload")}
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
