import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Rocket } from "lucide-react";
import { queries } from "@/api/queries";
import { Page } from "@/app/Page";
import { DeployButton } from "@/components/DeployButton";
import { DeploymentRow } from "@/components/DeploymentRow";
import { FirstDeployment } from "@/components/FirstDeployment";
import { Instances } from "@/components/Instances";
import { Glance } from "@/components/overview/Glance";
import { RecentActivity } from "@/components/overview/RecentActivity";
import { RunningDeployment } from "@/components/overview/RunningDeployment";
import { SourceCard } from "@/components/overview/SourceCard";
import { TroubleCard } from "@/components/overview/TroubleCard";
import { ErrorNote, Skeleton, SkeletonRows } from "@/components/ui/feedback";
import { PageHead, Rows, Section } from "@/components/ui/layout";
import { t } from "@/i18n";
import { useTitle } from "@/lib/title";
import { Graphs } from "@/metrics/Graphs";

/** One app at a glance. */
export default function Overview() {
  const { app: name } = useParams({ from: "/shell/apps/$app/" });
  useTitle(name);
  const { data: app } = useQuery(queries.app(name));
  if (!app) {
    return (
      <Page>
        <div className="space-y-5" role="status" aria-label={t("common.loading")}>
          <Skeleton className="h-48" />
          <Skeleton className="h-80" />
        </div>
      </Page>
    );
  }
  if (app.status === "new" && !app.last_deployment) {
    return (
      <Page width="narrow">
        <PageHead title={t("overview.new_title")} actions={<DeployButton app={name} />}>
          {t("overview.new_body")}
        </PageHead>
        <FirstDeployment app={app} way="push" />
      </Page>
    );
  }
  return (
    <Page>
      <h1 className="sr-only">{t("overview.title", { app: name })}</h1>
      <div className="space-y-5">
        <TroubleCard app={app} />
        <Glance app={app} />
        <RunningDeployment app={app} />
        <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-[minmax(0,5fr)_minmax(19rem,2fr)]">
          <div className="min-w-0 space-y-5">
            <Graphs app={name} />
            <Recent name={name} />
          </div>
          <div className="min-w-0 space-y-5">
            <Instances app={app} />
            <RecentActivity app={name} />
            <SourceCard app={app} />
          </div>
        </div>
      </div>
    </Page>
  );
}

function Recent({ name }: { name: string }) {
  const { data, error, isPending, refetch } = useQuery(queries.latestDeployments(name));
  return (
    <Section
      title={t("overview.recent")}
      flush
      actions={
        <Link to="/apps/$app/deployments" params={{ app: name }} className="link text-sm">
          {t("overview.all_deployments")}
        </Link>
      }
    >
      {isPending && (
        <div className="p-4">
          <SkeletonRows rows={3} />
        </div>
      )}
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="m-4" />}
      {data && data.items.length > 0 && (
        <Rows label={t("overview.recent")}>
          {data.items.map((d) => (
            <DeploymentRow key={d.id} deployment={d} />
          ))}
        </Rows>
      )}
      {data?.items.length === 0 && (
        <p className="flex items-center gap-2 px-5 py-4 text-text-3">
          <Rocket size={15} aria-hidden />
          {t("deployments.empty")}
        </p>
      )}
    </Section>
  );
}
