import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Hammer } from "lucide-react";
import { api } from "@/api/client";
import { keys } from "@/api/queries";
import { type Deployment, terminal } from "@/api/types";
import { Button, buttonClass } from "@/components/ui/button";
import { CodeBlock, CommandHint } from "@/components/ui/copy";
import { ErrorNote } from "@/components/ui/feedback";
import { Section } from "@/components/ui/layout";
import { DeploymentBadge } from "@/components/ui/status";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";

interface BreakItProps {
  app: string;
  /** The live release. */
  version: number;
  /** What was deployed since. */
  trial: Deployment | undefined;
  /** A button does it; in an app of one's own a command does. */
  oneClick: boolean;
}

/** Shows that a failing deployment takes nothing away from visitors. */
export function BreakIt({ app, version: v, trial, oneClick }: BreakItProps) {
  const client = useQueryClient();
  const deploy = useAction(async () => {
    await api.deploy(app, { example: "broken" });
    void client.invalidateQueries({ queryKey: keys.app(app) });
  });
  const command = cli("deploy", app, "--example", "broken");
  return (
    <Section title={t("break.title")} hint={t("break.body", { v })}>
      {trial ? (
        <div className="flex flex-wrap items-center gap-x-4 gap-y-3">
          <DeploymentBadge state={trial.state} />
          <p className="min-w-0 flex-1 basis-60" role="status">
            {said(trial, v)}
          </p>
          <Link
            to="/apps/$app/deployments/$number"
            params={{ app, number: String(trial.number) }}
            className={buttonClass("plain", "sm")}
          >
            {t("watch.open_deployment", { n: trial.number })}
          </Link>
        </div>
      ) : oneClick ? (
        <div className="space-y-4">
          <Button busy={deploy.busy} onClick={() => void deploy.run()}>
            <Hammer size={15} aria-hidden />
            {t("break.submit")}
          </Button>
          <ErrorNote error={deploy.problem} />
          <CommandHint command={command} />
        </div>
      ) : (
        <>
          <p className="mb-1.5 text-sm text-text-2">{t("break.command")}</p>
          <CodeBlock text={command} label={t("common.copy_command")} />
        </>
      )}
    </Section>
  );
}

function said(d: Deployment, v: number): string {
  if (d.state === "failed") return t("break.failed", { n: d.number, v });
  return terminal(d.state) ? t("break.ended", { n: d.number, v }) : t("break.running", { n: d.number, v });
}
