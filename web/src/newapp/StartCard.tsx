import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Rocket } from "lucide-react";
import { api } from "@/api/client";
import type { Problem } from "@/api/problem";
import { keys } from "@/api/queries";
import type { App } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { ErrorNote } from "@/components/ui/feedback";
import { Card } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import type { Way } from "./search";

interface StartCardProps {
  app: App;
  way: Way;
  example: string | undefined;
  problem?: Problem;
  again?: boolean;
}

/** Deploys from where the app comes from, when that did not begin or did not end well. */
export function StartCard({ app, way, example = "static-site", problem, again }: StartCardProps) {
  const client = useQueryClient();
  const failed = app.last_deployment?.number;
  const image = way === "image";
  const start = useAction(async () => {
    if (image) await api.retryDeployment(app.name, failed ?? 0);
    else await api.deploy(app.name, way === "example" ? { example } : { git: {} });
    void client.invalidateQueries({ queryKey: keys.app(app.name) });
  });
  if (image && failed === undefined) return <ErrorNote error={problem} />;
  const command = image
    ? cli("retry", app.name, String(failed))
    : way === "example"
      ? cli("deploy", app.name, "--example", example)
      : cli("deploy --git", app.name);
  return (
    <Card className="max-w-3xl space-y-4 p-4 sm:p-6">
      <ErrorNote error={start.problem ?? (start.busy ? undefined : problem)} />
      <div className="flex flex-wrap items-center gap-x-5 gap-y-3">
        <Button look="primary" busy={start.busy} onClick={() => void start.run()}>
          <Rocket size={15} aria-hidden />
          {again ? t("watch.again") : t("watch.start")}
        </Button>
        {way === "git" && (
          <Link to="/apps/$app/settings" params={{ app: app.name }} className="link">
            {t("watch.change_source")}
          </Link>
        )}
      </div>
      <CommandHint command={command} />
    </Card>
  );
}
