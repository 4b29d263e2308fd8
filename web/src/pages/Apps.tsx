import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Boxes, ExternalLink, Plus, ScrollText, Search } from "lucide-react";
import { useState } from "react";
import { queries } from "@/api/queries";
import { type App, can } from "@/api/types";
import { Page } from "@/app/Page";
import { deploymentWords } from "@/components/DeploymentRow";
import { buttonClass } from "@/components/ui/button";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/feedback";
import { Card, PageHead } from "@/components/ui/layout";
import { AppStatusBadge, DeploymentBadge } from "@/components/ui/status";
import { Ago } from "@/components/ui/time";
import { t, tn } from "@/i18n";
import { useTitle } from "@/lib/title";
import { withoutScheme } from "@/lib/url";

/** The grid of all apps. */
export default function Apps() {
  useTitle(t("nav.apps"));
  const { data: apps, error, isPending, refetch } = useQuery(queries.apps());
  const { data: me } = useQuery(queries.session());
  const [wanted, setWanted] = useState("");
  const needle = wanted.trim().toLowerCase();
  const found = (apps ?? []).filter((app) =>
    `${app.name} ${app.urls.join(" ")}`.toLowerCase().includes(needle),
  );
  const mayCreate = can(me, "write");

  const newApp = mayCreate && (
    <Link to="/new" className={buttonClass("primary")}>
      <Plus size={16} aria-hidden />
      {t("apps.new")}
    </Link>
  );
  return (
    <Page>
      <PageHead title={t("nav.apps")} actions={apps && apps.length > 0 && newApp}>
        {apps && apps.length > 0 && tn("apps.count", apps.length)}
      </PageHead>
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mb-4" />}
      {isPending && (
        <div
          className="grid grid-cols-1 gap-4 sm:grid-cols-2 xl:grid-cols-3"
          role="status"
          aria-label={t("common.loading")}
        >
          {Array.from({ length: 6 }, (_, i) => (
            <Skeleton key={i} className="h-40" />
          ))}
        </div>
      )}
      {apps?.length === 0 && (
        <Empty icon={<Boxes size={30} aria-hidden />} title={t("apps.empty")} action={newApp}>
          {t("apps.empty_body")}
        </Empty>
      )}
      {apps && apps.length > 5 && (
        <label className="relative mb-4 block max-w-sm">
          <span className="sr-only">{t("apps.search")}</span>
          <Search size={16} className="absolute top-1/2 left-2.5 -translate-y-1/2 text-text-3" aria-hidden />
          <input
            type="search"
            className="control pl-8"
            placeholder={t("apps.search")}
            value={wanted}
            onChange={(e) => setWanted(e.target.value)}
          />
        </label>
      )}
      {apps && apps.length > 0 && found.length === 0 && (
        <p className="py-8 text-center text-text-2">{t("apps.none_found", { text: wanted })}</p>
      )}
      <ul className="grid grid-cols-1 gap-4 sm:grid-cols-2 xl:grid-cols-3" aria-label={t("nav.apps")}>
        {found.map((app) => (
          <AppCard key={app.id} app={app} />
        ))}
      </ul>
    </Page>
  );
}

function AppCard({ app }: { app: App }) {
  const last = app.last_deployment;
  return (
    <li className="[contain-intrinsic-size:auto_11rem] [content-visibility:auto]">
      <Card className="relative flex h-full flex-col p-4 transition-colors hover:border-border-strong">
        <div className="flex items-start justify-between gap-3">
          <h2 className="min-w-0 font-semibold text-lg">
            <Link
              to="/apps/$app"
              params={{ app: app.name }}
              className="block truncate rounded-sm after:absolute after:inset-0 after:rounded-lg"
            >
              {app.name}
            </Link>
          </h2>
          <AppStatusBadge status={app.status} />
        </div>
        <a
          href={app.url}
          target="_blank"
          rel="noreferrer"
          className="link relative z-10 mt-0.5 inline-flex max-w-full items-center gap-1 self-start rounded-sm text-sm"
        >
          <span className="truncate">{withoutScheme(app.url)}</span>
          <ExternalLink size={12} className="shrink-0" aria-hidden />
          <span className="sr-only">{t("common.new_tab")}</span>
        </a>
        <dl className="mt-4 grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-1.5 text-sm">
          <dt className="text-text-3">{t("apps.live")}</dt>
          <dd className="truncate">
            {app.live_release ? (
              <>
                <span className="font-mono">v{app.live_release.version}</span>{" "}
                <span className="text-text-2">{app.live_release.description}</span>
              </>
            ) : (
              <span className="text-text-3">{t("apps.nothing_live")}</span>
            )}
          </dd>
          <dt className="text-text-3">{t("apps.last")}</dt>
          <dd className="flex min-w-0 items-center gap-2">
            {last ? (
              <>
                <DeploymentBadge state={last.state} />
                <span className="truncate text-text-2">{deploymentWords(last)}</span>
              </>
            ) : (
              <span className="text-text-3">{t("apps.no_deployment")}</span>
            )}
          </dd>
        </dl>
        <div className="mt-auto flex items-center justify-between gap-2 pt-3 text-sm text-text-3">
          <span>{last ? <Ago when={last.created_at} /> : <Ago when={app.created_at} />}</span>
          <Link
            to="/apps/$app/logs"
            params={{ app: app.name }}
            className="-m-1.5 relative z-10 inline-flex items-center gap-1.5 rounded-sm p-1.5 hover:text-text"
          >
            <ScrollText size={14} aria-hidden />
            {t("tab.logs")}
            <span className="sr-only">{app.name}</span>
          </Link>
        </div>
      </Card>
    </li>
  );
}
