import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ExternalLink, RotateCcw, ScrollText, Undo2 } from "lucide-react";
import { useState } from "react";
import { api } from "@/api/client";
import { queries } from "@/api/queries";
import { type App, can, type Deployment, terminal } from "@/api/types";
import { Button, buttonClass } from "@/components/ui/button";
import { ErrorNote } from "@/components/ui/feedback";
import { previousLive } from "@/deployments/compare";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { CancelButton } from "./CancelButton";
import { type Command, Commands } from "./Commands";
import { RollbackDialog } from "./RollbackDialog";

/** What can be done about a deployment, each with its command. */
export function Actions({ deployment: d, app }: { deployment: Deployment; app: App | undefined }) {
  const navigate = useNavigate();
  const { data: me } = useQuery(queries.session());
  const [back, setBack] = useState<number>();
  const retry = useAction(() => api.retryDeployment(d.app, d.number));
  const over = terminal(d.state);
  const may = can(me, "deploy");
  const live = app?.live_release?.version ?? 0;
  const goal = useRollbackGoal(d, live);
  const warm = app?.warm_release?.version;
  const again = d.state === "succeeded" ? t("deployment.redeploy") : t("deployment.retry");

  const run = async () => {
    const made = await retry.run();
    if (!made) return;
    await navigate({
      to: "/apps/$app/deployments/$number",
      params: { app: d.app, number: String(made.number) },
    });
  };
  const commands: Command[] = [];
  if (may && !over) {
    commands.push({ what: t("deployment.cancel"), command: cli("cancel", d.app, String(d.number)) });
  }
  if (may && over) commands.push({ what: again, command: cli("retry", d.app, String(d.number)) });
  if (may && goal > 0) {
    commands.push({
      what: t("releases.rollback_to", { v: goal }),
      command: cli("rollback", d.app, `v${goal}`),
    });
  }
  commands.push({ what: t("deployment.app_logs"), command: cli("logs", d.app) });
  return (
    <div className="flex min-w-0 flex-col gap-2 sm:items-end">
      <div className="flex flex-wrap gap-2 sm:justify-end">
        {d.state === "succeeded" && app && live === d.release && (
          <a href={app.url} target="_blank" rel="noreferrer" className={buttonClass("primary")}>
            <ExternalLink size={15} aria-hidden />
            {t("deployment.open")}
            <span className="sr-only">{t("common.new_tab")}</span>
          </a>
        )}
        {may && !over && <CancelButton deployment={d} />}
        {may && over && (
          <Button
            look={d.state === "failed" ? "primary" : "plain"}
            busy={retry.busy}
            onClick={() => void run()}
          >
            <RotateCcw size={15} aria-hidden />
            {again}
          </Button>
        )}
        {may && goal > 0 && (
          <Button onClick={() => setBack(goal)}>
            <Undo2 size={15} aria-hidden />
            {goal === warm ? t("warm.back", { v: goal }) : t("releases.rollback_to", { v: goal })}
          </Button>
        )}
        <Link to="/apps/$app/logs" params={{ app: d.app }} className={buttonClass("plain")}>
          <ScrollText size={15} aria-hidden />
          {t("deployment.app_logs")}
        </Link>
      </div>
      <ErrorNote error={retry.problem} />
      <Commands commands={commands} />
      <RollbackDialog app={d.app} live={live} warm={warm} target={back} onClose={() => setBack(undefined)} />
    </div>
  );
}

/**
 * The release that one may want back here: what was live before, on the page of
 * the deployment that is live; its own, on that of one that is no longer. 0 for none.
 */
function useRollbackGoal(d: Deployment, live: number): number {
  const isLive = d.state === "succeeded" && d.release > 0 && d.release === live;
  const { data } = useInfiniteQuery({ ...queries.deployments(d.app), enabled: isLive });
  if (d.state !== "succeeded" || d.release === 0 || live === 0) return 0;
  if (!isLive) return d.release;
  return previousLive(data?.pages.flatMap((page) => page.items) ?? [], live);
}
