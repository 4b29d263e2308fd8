import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useParams } from "@tanstack/react-router";
import { Boxes, ChevronRight, ExternalLink } from "lucide-react";
import { asProblem } from "@/api/problem";
import { queries } from "@/api/queries";
import { type App, terminal } from "@/api/types";
import { buttonClass } from "@/components/ui/button";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/feedback";
import { useOpenTab } from "@/components/ui/openTab";
import { AppStatusBadge, shownStatus } from "@/components/ui/status";
import { t, tWord } from "@/i18n";
import { useLanguage } from "@/i18n/language";
import { type TitleMark, useTitleMark } from "@/lib/title";
import { withoutScheme } from "@/lib/url";

const tabs = [
  ["/apps/$app", "tab.overview"],
  ["/apps/$app/deployments", "tab.deployments"],
  ["/apps/$app/logs", "tab.logs"],
  ["/apps/$app/config", "tab.config"],
  ["/apps/$app/releases", "tab.releases"],
  ["/apps/$app/domains", "tab.domains"],
  ["/apps/$app/settings", "tab.settings"],
] as const;

/** What every page of one app has above it. */
export function AppLayout() {
  useLanguage();
  const { app: name } = useParams({ from: "/shell/apps/$app" });
  const { data: app, error, refetch } = useQuery(queries.app(name));
  useTitleMark(app && markOf(app));

  if (error && asProblem(error).status === 404) return <NoSuchApp name={name} />;
  return (
    <>
      <div className="border-b bg-surface">
        <div className="page-room">
          <div className="flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 pt-3">
            <span className="flex min-w-0 items-center gap-1.5 text-lg">
              <Link to="/" className="rounded-sm text-text-3 hover:text-text">
                {t("nav.apps")}
              </Link>
              <ChevronRight size={15} className="shrink-0 text-text-3" aria-hidden />
              <Link to="/apps/$app" params={{ app: name }} className="truncate rounded-sm font-semibold">
                {name}
              </Link>
            </span>
            {app ? <AppStatusBadge status={shownStatus(app)} /> : !error && <Skeleton className="h-5 w-14" />}
            {app && (
              <a
                href={app.url}
                target="_blank"
                rel="noreferrer"
                className="link flex min-w-0 items-center gap-1.5 text-sm sm:ml-auto"
              >
                <span className="truncate">{withoutScheme(app.url)}</span>
                <ExternalLink size={13} className="shrink-0" aria-hidden />
                <span className="sr-only">{t("common.new_tab")}</span>
              </a>
            )}
          </div>
          <Tabs name={name} />
        </div>
      </div>
      {error ? (
        <div className="page-room py-6">
          <ErrorNote error={error} onRetry={() => void refetch()} />
        </div>
      ) : (
        <Outlet />
      )}
    </>
  );
}

/** What the browser's tab says of the app: that its latest deployment runs, or that it failed. */
function markOf(app: App): TitleMark | undefined {
  const last = app.last_deployment;
  if (!last || (terminal(last.state) && last.state !== "failed")) return undefined;
  return {
    app: app.name,
    tone: last.state === "failed" ? "failed" : "running",
    words: tWord("state", last.state).toLocaleLowerCase(),
  };
}

function Tabs({ name }: { name: string }) {
  const nav = useOpenTab(useLocation({ select: (location) => location.pathname }));
  return (
    <nav
      ref={nav}
      aria-label={t("nav.app", { app: name })}
      className="-mx-2 relative flex gap-0.5 overflow-x-auto pt-1.5 [scrollbar-width:none]"
    >
      {tabs.map(([to, key]) => (
        <Link
          key={to}
          to={to}
          params={{ app: name }}
          activeOptions={{ exact: to === "/apps/$app" }}
          className="-outline-offset-2! whitespace-nowrap border-transparent border-b-2 px-2.5 py-2 text-text-2 hover:text-text [&.active]:border-accent [&.active]:font-medium [&.active]:text-text"
        >
          {t(key)}
        </Link>
      ))}
    </nav>
  );
}

function NoSuchApp({ name }: { name: string }) {
  return (
    <div className="mx-auto w-full max-w-2xl px-4 py-16">
      <Empty
        icon={<Boxes size={28} aria-hidden />}
        level={1}
        title={t("app.missing", { app: name })}
        action={
          <Link to="/" className={buttonClass("primary")}>
            {t("missing.home")}
          </Link>
        }
      >
        {t("app.missing_body")}
      </Empty>
    </div>
  );
}
