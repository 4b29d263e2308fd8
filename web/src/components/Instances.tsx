import { useQuery } from "@tanstack/react-query";
import { queries } from "@/api/queries";
import type { Instance } from "@/api/types";
import { t, tn } from "@/i18n";
import { ErrorNote, SkeletonRows } from "./ui/feedback";
import { Row, Rows } from "./ui/layout";
import { InstanceBadge } from "./ui/status";
import { Ago } from "./ui/time";

/** The instances that run now, with how they are. */
export function Instances({ app }: { app: string }) {
  const { data, error, isPending, refetch } = useQuery(queries.instances(app));
  if (isPending) {
    return (
      <div className="p-4">
        <SkeletonRows rows={2} />
      </div>
    );
  }
  if (!data) return <ErrorNote error={error} onRetry={() => void refetch()} className="m-4" />;
  if (data.items.length === 0) return <p className="px-4 py-3 text-text-3 sm:px-5">{t("instances.none")}</p>;
  return (
    <Rows label={t("instances.title")}>
      {data.items.map((instance) => (
        <InstanceRow key={instance.name} instance={instance} />
      ))}
    </Rows>
  );
}

function InstanceRow({ instance: i }: { instance: Instance }) {
  return (
    <Row className="flex items-start justify-between gap-3">
      <div className="min-w-0">
        <div className="truncate font-mono text-sm">{i.name}</div>
        <div className="flex flex-wrap gap-x-2 text-sm text-text-3">
          {i.started_at && (
            <span>
              {t("instances.since")} <Ago when={i.started_at} />
            </span>
          )}
          {i.restarts > 0 && <span className="text-warn">{tn("instances.restarts", i.restarts)}</span>}
          {i.state === "exited" && (
            <span className="text-bad">{t("instances.exit_code", { code: i.exit_code })}</span>
          )}
          {i.oom_killed && <span className="text-bad">{t("instances.oom")}</span>}
        </div>
      </div>
      <InstanceBadge state={i.state} />
    </Row>
  );
}
