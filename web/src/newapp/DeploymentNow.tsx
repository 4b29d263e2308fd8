import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { queries } from "@/api/queries";
import { type App, type Deployment, terminal } from "@/api/types";
import { BuildOutput, type OutputView } from "@/components/BuildOutput";
import { Reason } from "@/components/deployments/FailureCard";
import { Timeline } from "@/components/Timeline";
import { Card } from "@/components/ui/layout";
import { DeploymentBadge } from "@/components/ui/status";
import { ahead } from "@/deployments/cancel";
import { useDeploymentLog } from "@/deployments/useDeploymentLog";
import { useDraining } from "@/deployments/useDraining";
import { t } from "@/i18n";

/** A deployment as it goes: its phases, and what its build says. */
export function DeploymentNow({ deployment: d, app }: { deployment: Deployment; app: App }) {
  const [view, setView] = useState<OutputView>("steps");
  const log = useDeploymentLog(d);
  const { data: others } = useInfiniteQuery({ ...queries.deployments(d.app), enabled: d.state === "queued" });
  const near = others?.pages.flatMap((page) => page.items) ?? [];
  const { data: instances } = useQuery({
    ...queries.instances(d.app),
    enabled: d.state === "deploying" || d.state === "succeeded",
  });
  const { data: release } = useQuery({
    ...queries.release(d.app, d.release),
    enabled: d.state === "deploying" && d.release > 0,
  });
  const draining = useDraining(d, instances?.items ?? []);
  const around = {
    log: log.log,
    ahead: d.state === "queued" ? ahead(d, near) : [],
    instances: instances?.items ?? [],
    scale: app.scale,
    release,
    draining,
  };
  return (
    <section aria-label={t("deployment.title", { n: d.number })}>
      <div className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-1">
        <h2 className="font-semibold text-lg">{t("deployment.title", { n: d.number })}</h2>
        <DeploymentBadge state={d.state} />
        <Link
          to="/apps/$app/deployments/$number"
          params={{ app: d.app, number: String(d.number) }}
          className="link text-sm"
        >
          {t("watch.open_deployment", { n: d.number })}
        </Link>
      </div>
      {terminal(d.state) && <Reason deployment={d} app={app} log={log} newer={0} />}
      <Card className="mb-5 py-1">
        <Timeline deployment={d} around={around} />
      </Card>
      <BuildOutput deployment={d} log={log} view={view} onView={setView} />
    </section>
  );
}
