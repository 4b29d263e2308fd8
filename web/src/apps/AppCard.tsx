import { Link } from "@tanstack/react-router";
import { ExternalLink, ScrollText } from "lucide-react";
import { memo } from "react";
import type { App } from "@/api/types";
import { Card } from "@/components/ui/layout";
import { AppStatusBadge, DeploymentBadge, shownStatus } from "@/components/ui/status";
import { Ago } from "@/components/ui/time";
import { askedBy, deploymentWords } from "@/deployments/words";
import { t } from "@/i18n";
import { useLanguage } from "@/i18n/language";
import { withoutScheme } from "@/lib/url";
import { type Recent, RecentWords, Sparkline } from "@/metrics/Sparkline";

interface AppProps {
  app: App;
  recent: Recent | undefined;
}

/** One app in the grid. All cards are as high as each other, whatever they hold. */
export const AppCard = memo(function AppCard({ app, recent }: AppProps) {
  useLanguage();
  return (
    <Card className="relative flex h-full flex-col p-4 transition-colors hover:border-border-strong">
      <div className="flex items-start justify-between gap-3">
        <h2 className="min-w-0 font-semibold text-lg">
          <Link
            to="/apps/$app"
            params={{ app: app.name }}
            title={app.name}
            className="block truncate rounded-sm after:absolute after:inset-0 after:rounded-lg"
          >
            {app.name}
          </Link>
        </h2>
        <AppStatusBadge status={shownStatus(app)} />
      </div>
      <AppAddress app={app} className="mt-0.5 self-start" />
      <div className="mt-3 grid h-8 shrink-0 grid-cols-[minmax(0,1fr)_minmax(0,1fr)] items-center gap-4">
        <Sparkline recent={recent} className="h-7 w-full" />
        <span className="truncate text-right text-sm">
          <RecentWords recent={recent} />
        </span>
      </div>
      <p className="mt-2.5 shrink-0 truncate text-sm">
        <LiveWords app={app} />
      </p>
      <div className="mt-1 flex h-6 min-w-0 shrink-0 items-center gap-2 text-sm">
        <LastDeployment app={app} />
      </div>
      <div className="mt-auto flex items-center justify-between gap-3 pt-2 text-sm text-text-3">
        <span className="truncate">
          <LastWhen app={app} />
        </span>
        <Link
          to="/apps/$app/logs"
          params={{ app: app.name }}
          className="-m-1.5 relative z-10 inline-flex shrink-0 items-center gap-1.5 rounded-sm p-1.5 hover:text-text"
        >
          <ScrollText size={14} aria-hidden />
          {t("tab.logs")}
          <span className="sr-only">{app.name}</span>
        </Link>
      </div>
    </Card>
  );
});

export function AppAddress({ app, className = "" }: { app: App; className?: string }) {
  return (
    <a
      href={app.url}
      target="_blank"
      rel="noreferrer"
      className={`link relative z-10 inline-flex max-w-full items-center gap-1 rounded-sm text-sm ${className}`}
    >
      <span className="truncate">{withoutScheme(app.url)}</span>
      <ExternalLink size={12} className="shrink-0" aria-hidden />
      <span className="sr-only">{t("common.new_tab")}</span>
    </a>
  );
}

export function LiveWords({ app }: { app: App }) {
  const live = app.live_release;
  if (!live) return <span className="text-text-3">{t("apps.nothing_live")}</span>;
  return (
    <>
      <span className="sr-only">{t("apps.live")}: </span>
      <span className="font-mono">v{live.version}</span>{" "}
      <span className="text-text-2">{live.description}</span>
    </>
  );
}

export function LastDeployment({ app }: { app: App }) {
  const last = app.last_deployment;
  if (!last) return <span className="text-text-3">{t("apps.no_deployment")}</span>;
  return (
    <>
      <span className="sr-only">{t("apps.last")}: </span>
      <DeploymentBadge state={last.state} />
      <span className="truncate text-text-2">{deploymentWords(last)}</span>
    </>
  );
}

/** When it was deployed last and by whom; before that, when it was made. */
export function LastWhen({ app }: { app: App }) {
  const last = app.last_deployment;
  if (!last) return <Ago when={app.created_at} />;
  return (
    <>
      <Ago when={last.created_at} /> · {askedBy(last)}
    </>
  );
}
