import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ExternalLink, Rocket } from "lucide-react";
import type { ReactNode } from "react";
import { queries } from "@/api/queries";
import type { App } from "@/api/types";
import { Page } from "@/app/Page";
import { DeployButton } from "@/components/DeployButton";
import { DeploymentRow } from "@/components/DeploymentRow";
import { FirstDeployment } from "@/components/FirstDeployment";
import { Instances } from "@/components/Instances";
import { ReleaseAuthor } from "@/components/ReleaseAuthor";
import { RestartButton } from "@/components/RestartButton";
import { ScaleControl } from "@/components/ScaleControl";
import { CommandHint } from "@/components/ui/copy";
import { ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Card, PageHead, Rows, Section } from "@/components/ui/layout";
import { Ago } from "@/components/ui/time";
import { t, tWord } from "@/i18n";
import { cli } from "@/lib/command";
import { useTitle } from "@/lib/title";
import { shortCommit, withoutScheme } from "@/lib/url";

/** One app at a glance. */
export default function Overview() {
  const { app: name } = useParams({ from: "/shell/apps/$app/" });
  useTitle(name);
  const { data: app } = useQuery(queries.app(name));
  if (!app) {
    return (
      <Page>
        <SkeletonRows rows={5} />
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
      <div className="grid grid-cols-1 gap-5 lg:grid-cols-[minmax(0,5fr)_minmax(0,3fr)]">
        <div className="min-w-0 space-y-5">
          <Glance app={app} />
          <Recent name={name} />
        </div>
        <div className="min-w-0 space-y-5">
          <Section title={t("instances.title")} hint={t("instances.hint")} flush>
            <Instances app={name} />
            <div className="px-4 pt-2 pb-3 sm:px-5">
              <CommandHint command={cli("ps", name)} />
            </div>
          </Section>
          <ScaleControl app={app} />
        </div>
      </div>
    </Page>
  );
}

/** Is it up, what is live, since when, who did it, where is it. */
function Glance({ app }: { app: App }) {
  const live = app.live_release;
  return (
    <Card className="p-4 sm:p-5">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-3">
        <div className="min-w-0">
          <p className="font-semibold text-lg">{tWord("status_line", app.status)}</p>
          <p className="text-text-2">
            {t("overview.instances", { running: app.instances.running, wanted: app.instances.wanted })}
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          <RestartButton app={app} />
          <DeployButton app={app.name} />
        </div>
      </div>
      <dl className="mt-5 grid gap-x-6 gap-y-4 sm:grid-cols-2">
        <Fact label={t("overview.live")}>
          {live ? (
            <>
              <Link to="/apps/$app/releases" params={{ app: app.name }} className="link font-mono">
                v{live.version}
              </Link>{" "}
              {live.description}
              {live.commit && (
                <span className="ml-1.5 font-mono text-text-3 text-xs">{shortCommit(live.commit)}</span>
              )}
            </>
          ) : (
            <span className="text-text-3">{t("apps.nothing_live")}</span>
          )}
        </Fact>
        <Fact label={t("overview.since")}>
          {live ? (
            <>
              <Ago when={live.created_at} />
              <ReleaseAuthor app={app.name} version={live.version} />
            </>
          ) : (
            "–"
          )}
        </Fact>
        <Fact label={t("overview.addresses")}>
          <ul>
            {app.urls.map((url) => (
              <li key={url} className="truncate">
                <a
                  href={url}
                  target="_blank"
                  rel="noreferrer"
                  className="link inline-flex max-w-full items-center gap-1"
                >
                  <span className="truncate">{withoutScheme(url)}</span>
                  <ExternalLink size={12} className="shrink-0" aria-hidden />
                  <span className="sr-only">{t("common.new_tab")}</span>
                </a>
              </li>
            ))}
          </ul>
        </Fact>
        <Fact label={t("overview.source")}>
          <span className="break-all font-mono text-sm">{app.source?.url ?? app.git_url}</span>
          {app.branch && (
            <span className="block text-sm text-text-3">{t("overview.branch", { branch: app.branch })}</span>
          )}
        </Fact>
      </dl>
    </Card>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="mb-0.5 text-sm text-text-3">{label}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </div>
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
