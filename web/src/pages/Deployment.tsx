import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { asProblem } from "@/api/problem";
import { queries } from "@/api/queries";
import { type Deployment, terminal } from "@/api/types";
import { Page } from "@/app/Page";
import { BuildOutput } from "@/components/BuildOutput";
import { Reason } from "@/components/deployments/FailureCard";
import { Head } from "@/components/deployments/Head";
import { Watching } from "@/components/deployments/Watching";
import { Timeline } from "@/components/Timeline";
import { buttonClass } from "@/components/ui/button";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/feedback";
import { Card } from "@/components/ui/layout";
import { ahead } from "@/deployments/cancel";
import { useDeploymentLog } from "@/deployments/useDeploymentLog";
import { useDraining } from "@/deployments/useDraining";
import { t, tWord } from "@/i18n";
import { useTitle } from "@/lib/title";

/** One deployment: how far it is, what it waits for, what the build says, why it failed. */
export default function DeploymentPage() {
  const { app, number: text } = useParams({ from: "/shell/apps/$app/deployments/$number" });
  const number = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0;
  const { data: d, error, refetch } = useQuery({ ...queries.deployment(app, number), enabled: number > 0 });
  useTitle(d ? tWord("state", d.state) : undefined, `#${text}`, app);

  if (number === 0 || (error && asProblem(error).status === 404)) {
    return (
      <Page width="narrow">
        <Empty
          level={1}
          title={t("deployment.missing", { n: text, app })}
          action={
            <Link to="/apps/$app/deployments" params={{ app }} className={buttonClass("primary")}>
              {t("overview.all_deployments")}
            </Link>
          }
        />
      </Page>
    );
  }
  if (!d) {
    return <Page>{error ? <ErrorNote error={error} onRetry={() => void refetch()} /> : <Shape />}</Page>;
  }
  return (
    <Page>
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mb-4" />}
      <Known key={d.id} d={d} />
    </Page>
  );
}

/** The page's own shape while it is fetched. */
function Shape() {
  return (
    <div role="status" aria-label={t("common.loading")}>
      <Skeleton className="mb-2 h-7 w-56" />
      <Skeleton className="mb-2 h-5 w-80 max-w-full" />
      <Skeleton className="mb-6 h-5 w-64 max-w-full" />
      <Skeleton className="mb-5 h-64" />
      <Skeleton className="h-40" />
    </div>
  );
}

function Known({ d }: { d: Deployment }) {
  const { view = "steps" } = useSearch({ from: "/shell/apps/$app/deployments/$number" });
  const navigate = useNavigate({ from: "/apps/$app/deployments/$number" });
  const log = useDeploymentLog(d);
  const { data: app } = useQuery(queries.app(d.app));
  const over = terminal(d.state);
  // An ended deployment needs the others only to name the one that took its place or took it back.
  const { data: others } = useInfiniteQuery({
    ...queries.deployments(d.app),
    enabled:
      d.state === "queued" ||
      d.state === "superseded" ||
      d.state === "cancelled" ||
      d.watch !== undefined ||
      d.trigger === "return",
  });
  const near = others?.pages.flatMap((page) => page.items) ?? [];
  const newer = d.superseded_by || (near.filter((one) => one.number > d.number).at(-1)?.number ?? 0);
  const deploys = d.state === "deploying" || d.state === "succeeded";
  const { data: instances } = useQuery({ ...queries.instances(d.app), enabled: deploys });
  const { data: release } = useQuery({
    ...queries.release(d.app, d.release),
    enabled: d.state === "deploying" && d.release > 0,
  });
  const draining = useDraining(d, instances?.items ?? []);
  const around = {
    log: log.log,
    ahead: d.state === "queued" ? ahead(d, near) : [],
    instances: instances?.items ?? [],
    scale: app?.scale ?? {},
    release,
    draining,
  };
  return (
    <>
      <Head deployment={d} app={app} />
      {over && <Reason deployment={d} app={app} log={log} newer={newer} />}
      <Watching deployment={d} near={near} />
      <Card className="mb-5 py-1">
        <Timeline deployment={d} around={around} />
      </Card>
      <BuildOutput
        deployment={d}
        log={log}
        view={view}
        onView={(chosen) =>
          void navigate({
            search: { view: chosen === "steps" ? undefined : chosen },
            replace: true,
            resetScroll: false,
          })
        }
      />
    </>
  );
}
