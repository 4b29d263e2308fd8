import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import { type App, type DeploymentState, terminal } from "@/api/types";
import { buttonClass } from "@/components/ui/button";
import { Card } from "@/components/ui/layout";
import { DeploymentBadge } from "@/components/ui/status";
import { elapsed } from "@/deployments/timeline";
import { deploymentWords } from "@/deployments/words";
import { t, tWord } from "@/i18n";
import { cx } from "@/lib/cx";
import { duration, useNow } from "@/lib/time";

const phases: DeploymentState[] = ["queued", "building", "releasing", "deploying"];

/** The deployment that runs now, with how far it is. */
export function RunningDeployment({ app }: { app: App }) {
  const { data } = useQuery(queries.latestDeployments(app.name));
  // The oldest goes first; what came after it waits.
  const running = [...(data?.items ?? [])].reverse().filter((d) => !terminal(d.state));
  const d = running[0];
  const now = useNow(1000, d !== undefined);
  if (!d) return null;
  const phase = phases.indexOf(d.state);
  return (
    <Card className="p-4 sm:px-5">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <div className="flex min-w-0 flex-1 basis-60 items-center gap-3">
          <DeploymentBadge state={d.state} />
          <p className="min-w-0 truncate">
            <span className="font-medium">#{d.number}</span> {deploymentWords(d)}
          </p>
        </div>
        <span className="text-sm text-text-2 tabular-nums">{duration(elapsed(d, now))}</span>
        <Link
          to="/apps/$app/deployments/$number"
          params={{ app: app.name, number: String(d.number) }}
          className={buttonClass("plain", "sm")}
        >
          {t("overview.watch")}
        </Link>
      </div>
      <div
        role="progressbar"
        aria-label={t("overview.progress", { n: d.number })}
        aria-valuemin={0}
        aria-valuemax={phases.length}
        aria-valuenow={Math.max(0, phase)}
        aria-valuetext={tWord("state", d.state)}
        className="mt-3 grid grid-cols-4 gap-1.5"
      >
        {phases.map((name, i) => (
          <div key={name} className="min-w-0">
            <div
              className={cx(
                "h-1.5 rounded-full",
                i < phase ? "bg-ok-mark" : i === phase ? "animate-breathe bg-accent" : "bg-surface-3",
              )}
            />
            <span className={cx("block truncate pt-1 text-xs", i === phase ? "font-medium" : "text-text-3")}>
              {tWord("state", name)}
            </span>
          </div>
        ))}
      </div>
      {running.length > 1 && (
        <p className="mt-1 text-sm text-text-3">{t("overview.waiting", { n: running.length - 1 })}</p>
      )}
    </Card>
  );
}
