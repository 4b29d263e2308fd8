import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import {
  CircleCheck,
  CircleDashed,
  ExternalLink,
  LoaderCircle,
  Moon,
  OctagonAlert,
  Undo2,
} from "lucide-react";
import { type ReactNode, useState } from "react";
import { queries } from "@/api/queries";
import { type App, type AppStatus, can, type Deployment } from "@/api/types";
import { DeployButton } from "@/components/DeployButton";
import { RollbackDialog } from "@/components/deployments/RollbackDialog";
import { WarmNote } from "@/components/deployments/WarmNote";
import { ReleaseAuthor } from "@/components/ReleaseAuthor";
import { RestartButton } from "@/components/RestartButton";
import { Button, buttonClass } from "@/components/ui/button";
import { CopyButton } from "@/components/ui/copy";
import { Card } from "@/components/ui/layout";
import { Ago } from "@/components/ui/time";
import { askedBy } from "@/deployments/words";
import { t, tWord } from "@/i18n";
import { cx } from "@/lib/cx";
import { shortCommit, withoutScheme } from "@/lib/url";
import { figure } from "@/metrics/format";
import { type AppMetrics, nowOf } from "@/metrics/model";
import { metricsQueries } from "@/metrics/queries";

const signs: Record<AppStatus, [className: string, icon: ReactNode]> = {
  new: ["text-text-3", <CircleDashed key="i" size={26} aria-hidden />],
  deploying: ["text-accent-text", <LoaderCircle key="i" size={26} className="animate-spinner" aria-hidden />],
  live: ["text-ok", <CircleCheck key="i" size={26} aria-hidden />],
  down: ["text-bad", <OctagonAlert key="i" size={26} aria-hidden />],
  stopped: ["text-text-3", <Moon key="i" size={26} aria-hidden />],
  failed: ["text-bad", <OctagonAlert key="i" size={26} aria-hidden />],
};

const noWeb: [className: string, icon: ReactNode] = ["text-warn", <Moon key="i" size={26} aria-hidden />];

/** Whether it is up, in more words than the API has for it. */
export function standingOf(app: App): string {
  const serving = app.live_release !== undefined && app.instances.running > 0;
  if (app.status === "deploying" && serving) return "updating";
  if (app.status !== "live") return app.status;
  if (app.scale.web === 0) return "no_web";
  return "live";
}

/** Is it up, how is it doing, what is live, since when, who did it, where is it. */
export function Glance({ app }: { app: App }) {
  const { data: metrics } = useQuery(metricsQueries.app(app.name, "1h"));
  const standing = standingOf(app);
  const [tone, icon] = standing === "no_web" ? noWeb : (signs[app.status] ?? signs.new);
  const live = app.live_release !== undefined;
  return (
    <Card className="p-4 sm:p-5">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-3">
        <div className="flex min-w-0 gap-3">
          <span className={cx("shrink-0", tone)}>{icon}</span>
          <div className="min-w-0">
            <p className="font-semibold text-lg">{tWord("status_line", standing)}</p>
            {live && (
              <p className="text-text-2 tabular-nums">
                {t("overview.instances", { running: app.instances.running, wanted: app.instances.wanted })}
              </p>
            )}
          </div>
        </div>
        <div className="flex flex-wrap gap-2">
          {live && (
            // The address stands below; a phone has no room for it twice.
            <a
              href={app.url}
              target="_blank"
              rel="noreferrer"
              className={buttonClass("plain", "md", "max-sm:hidden")}
            >
              <ExternalLink size={15} aria-hidden />
              {t("overview.open")}
              <span className="sr-only">{t("common.new_tab")}</span>
            </a>
          )}
          <RestartButton app={app} />
          <DeployButton app={app.name} />
        </div>
      </div>
      {live && <Figures metrics={metrics} />}
      <dl className="mt-4 grid gap-x-8 gap-y-4 sm:grid-cols-2">
        <Fact label={t("overview.live")}>
          <LiveRelease app={app} />
        </Fact>
        <Fact label={t("overview.addresses")}>
          <ul>
            {app.urls.map((url) => (
              <li key={url} className="flex min-h-8 items-center gap-1">
                <a
                  href={url}
                  target="_blank"
                  rel="noreferrer"
                  className="link inline-flex min-w-0 items-center gap-1"
                >
                  <span className="truncate">{withoutScheme(url)}</span>
                  <ExternalLink size={12} className="shrink-0" aria-hidden />
                  <span className="sr-only">{t("common.new_tab")}</span>
                </a>
                <CopyButton text={url} label={t("overview.copy_url", { url: withoutScheme(url) })} />
              </li>
            ))}
          </ul>
        </Fact>
      </dl>
    </Card>
  );
}

/** How it does just now, big enough to be read from afar. */
function Figures({ metrics }: { metrics: AppMetrics | undefined }) {
  const now = metrics && nowOf(metrics);
  const errors = now?.errors ?? 0;
  return (
    <dl className="mt-4 grid grid-cols-3 border-y py-3">
      <Figure label={t("overview.requests")}>{figure(now?.requests, "rate")}</Figure>
      <Figure label={t("overview.p95")}>{figure(now?.p95, "ms")}</Figure>
      <Figure label={t("overview.errors")} tone={errors >= 5 ? "text-bad" : errors >= 1 ? "text-warn" : ""}>
        {figure(now?.errors, "percent")}
      </Figure>
    </dl>
  );
}

function Figure({ label, tone, children }: { label: string; tone?: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="truncate text-sm text-text-3" title={label}>
        {label}
      </dt>
      <dd className={cx("truncate font-semibold text-lg tabular-nums sm:text-xl", tone)}>{children}</dd>
    </div>
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

/** The deployment by which the live release went live, when it is among the newest. */
export function wentLiveBy(deployments: readonly Deployment[], version: number): Deployment | undefined {
  return deployments.find((d) => d.state === "succeeded" && d.release === version);
}

function LiveRelease({ app }: { app: App }) {
  const live = app.live_release;
  const { data } = useQuery(queries.latestDeployments(app.name));
  if (!live) return <span className="text-text-3">{t("apps.nothing_live")}</span>;
  const by = wentLiveBy(data?.items ?? [], live.version);
  return (
    <div className="flex flex-wrap items-start justify-between gap-x-3 gap-y-2">
      <div className="min-w-0 flex-1 basis-56">
        <p className="flex min-w-0 items-baseline gap-2">
          <Link to="/apps/$app/releases" params={{ app: app.name }} className="link font-mono">
            v{live.version}
          </Link>
          <span className="min-w-0 truncate" title={live.description}>
            {live.description}
          </span>
          {live.commit && (
            <span className="font-mono text-text-3 text-xs" title={live.commit}>
              {shortCommit(live.commit)}
            </span>
          )}
        </p>
        <p className="text-sm text-text-2">
          {t("overview.live_since")}{" "}
          {by?.finished_at ? (
            <>
              <Ago when={by.finished_at} /> {t("overview.by", { who: askedBy(by) })}{" "}
              <Link
                to="/apps/$app/deployments/$number"
                params={{ app: app.name, number: String(by.number) }}
                className="link"
              >
                #{by.number}
              </Link>
            </>
          ) : (
            <>
              <Ago when={live.created_at} />
              <ReleaseAuthor app={app.name} version={live.version} />
            </>
          )}
        </p>
        <WarmNote app={app} />
      </div>
      <RollBack app={app} live={live.version} />
    </div>
  );
}

/** The release that was live before the live one, when its deployment is among those given, newest first. */
export function liveBefore(deployments: readonly Deployment[], version: number): number | undefined {
  return deployments.find((d) => d.state === "succeeded" && d.release > 0 && d.release !== version)?.release;
}

/** The way back to the release that was live before; the same that slipway rollback takes. */
function RollBack({ app, live }: { app: App; live: number }) {
  const { data: me } = useQuery(queries.session());
  const { data: deployments } = useInfiniteQuery(queries.deployments(app.name));
  const [target, setTarget] = useState<number>();
  // The one that is kept warm is the one that was live before.
  const before =
    app.warm_release?.version ?? liveBefore(deployments?.pages.flatMap((page) => page.items) ?? [], live);
  const warm = app.warm_release !== undefined;
  // An open dialog stays, whatever goes live meanwhile.
  if ((before === undefined && target === undefined) || !can(me, "deploy")) return null;
  return (
    <>
      <Button
        size="sm"
        className="shrink-0"
        onClick={() => setTarget(before)}
        title={
          before === undefined ? undefined : t(warm ? "warm.back" : "releases.rollback_to", { v: before })
        }
      >
        <Undo2 size={14} aria-hidden />
        {t(warm ? "warm.rollback" : "releases.rollback")}
      </Button>
      <RollbackDialog
        app={app.name}
        live={live}
        warm={app.warm_release?.version}
        target={target}
        onClose={() => setTarget(undefined)}
      />
    </>
  );
}
