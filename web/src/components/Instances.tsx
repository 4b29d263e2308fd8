import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import type { App, Instance } from "@/api/types";
import { t, tn } from "@/i18n";
import { Say } from "@/i18n/Say";
import { figure } from "@/metrics/format";
import { usageOf } from "@/metrics/model";
import { metricsQueries } from "@/metrics/queries";
import { WarmBadge } from "./deployments/WarmNote";
import { byProcess } from "./overview/scaling";
import { UsageBar } from "./overview/UsageBar";
import { ScaleChange, ScaleStepper, type Scaling, useScaling } from "./ScaleControl";
import { ErrorNote, Skeleton } from "./ui/feedback";
import { Section } from "./ui/layout";
import { InstanceBadge } from "./ui/status";
import { Ago } from "./ui/time";

/** What runs now, process by process, with how many are wanted to be set beside it. */
export function Instances({ app }: { app: App }) {
  const { data, error, refetch } = useQuery(queries.instances(app.name));
  const scaling = useScaling(app);
  const groups = byProcess(app, data?.items ?? []);
  return (
    <Section title={t("instances.title")} hint={t("instances.hint")} flush>
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mx-4 my-2" />}
      <div className="divide-y">
        {groups.map(({ process, instances }) => (
          <ProcessGroup
            key={process}
            process={process}
            instances={instances}
            scaling={scaling}
            state={data ? "known" : error ? "unknown" : "waiting"}
          />
        ))}
      </div>
      <ScaleChange scaling={scaling} />
    </Section>
  );
}

interface ProcessGroupProps {
  process: string;
  instances: Instance[];
  scaling: Scaling;
  state: "known" | "unknown" | "waiting";
}

function ProcessGroup({ process, instances, scaling, state }: ProcessGroupProps) {
  const { app } = scaling;
  const wanted = app.scale[process] ?? 0;
  // What serves: the release before may still run, to be drained or kept for a rollback.
  const serving = app.live_release
    ? instances.filter((i) => i.release === app.live_release?.version)
    : instances;
  const healthy = serving.filter((i) => i.state === "healthy").length;
  return (
    <section className="px-4 py-2.5 sm:px-5" aria-label={process}>
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0 pt-1">
          <h3 className="truncate font-medium font-mono text-sm">{process}</h3>
          <p className="text-sm text-text-3">
            {state === "waiting" && t("common.loading")}
            {state === "known" && t("instances.healthy_of", { healthy, wanted })}
          </p>
        </div>
        <ScaleStepper scaling={scaling} process={process} />
      </div>
      {state === "waiting" ? (
        Array.from({ length: wanted }, (_, i) => <Skeleton key={i} className="mt-2 h-16" />)
      ) : instances.length > 0 ? (
        <ul className="mt-2 space-y-2">
          {instances.map((instance) => (
            <InstanceItem key={instance.name} app={app} instance={instance} />
          ))}
        </ul>
      ) : (
        state === "known" && <p className="mt-1 text-sm text-text-3">{t("instances.none_of", { process })}</p>
      )}
    </section>
  );
}

function InstanceItem({ app, instance: i }: { app: App; instance: Instance }) {
  const { data: metrics } = useQuery(metricsQueries.app(app.name, "1h"));
  const usage = usageOf(metrics, i.name);
  return (
    <li className="rounded-md border px-3 py-2">
      <div className="flex items-center justify-between gap-3">
        <span className="min-w-0 truncate font-mono text-sm" title={i.name}>
          {i.process}.{i.index}
          {i.release !== app.live_release?.version && (
            <span className="ml-1.5 text-text-3">v{i.release}</span>
          )}
        </span>
        {i.state === "healthy" && i.release === app.warm_release?.version ? (
          <WarmBadge until={app.warm_release.until} />
        ) : (
          <InstanceBadge state={i.state} />
        )}
      </div>
      <p className="flex flex-wrap gap-x-2 text-sm text-text-3">
        {app.cluster !== "local" && i.node && (
          <Link
            to="/clusters/$cluster"
            params={{ cluster: app.cluster }}
            search={{ node: i.node }}
            className="link max-w-full truncate"
            translate="no"
          >
            {i.node}
          </Link>
        )}
        {i.started_at && (
          <span>
            <Say k="instances.started" values={{ when: <Ago when={i.started_at} /> }} />
          </span>
        )}
        {i.restarts > 0 && <span className="text-warn">{tn("instances.restarts", i.restarts)}</span>}
        {i.state === "exited" && (
          <span className="text-bad">{t("instances.exit_code", { code: i.exit_code })}</span>
        )}
        {i.oom_killed && <span className="text-bad">{t("instances.oom")}</span>}
      </p>
      {i.state !== "exited" && (
        <div className="mt-1.5 grid grid-cols-2 gap-x-4">
          <UsageBar
            label={t("graph.cpu")}
            value={usage?.cpu ?? null}
            limit={usage?.metrics.cpu_limit_milli ?? 0}
            words={(milli) => figure(milli / 1000, "cores")}
          />
          <UsageBar
            label={t("graph.memory")}
            value={usage?.memory ?? null}
            limit={usage?.metrics.memory_limit_bytes ?? 0}
            words={(bytes) => figure(bytes, "bytes")}
          />
        </div>
      )}
    </li>
  );
}
