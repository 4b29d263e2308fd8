import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Boxes, Plus } from "lucide-react";
import { useDeferredValue, useMemo } from "react";
import { queries } from "@/api/queries";
import { type App, can } from "@/api/types";
import { Page } from "@/app/Page";
import { AppGrid } from "@/apps/AppGrid";
import { AppTable } from "@/apps/AppTable";
import { SearchField, SortChoice, StandingFilter, ViewChoice } from "@/apps/Controls";
import { asSort, asStanding, hasStanding, matches, sorted, sortText } from "@/apps/list";
import { useView } from "@/apps/view";
import { Button, buttonClass } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/feedback";
import { PageHead } from "@/components/ui/layout";
import { t, tn } from "@/i18n";
import { cli } from "@/lib/command";
import { useSearchText, useTypedSearch } from "@/lib/search";
import { useTitle } from "@/lib/title";
import { metricsQueries } from "@/metrics/queries";
import type { Recent } from "@/metrics/Sparkline";

/** All apps: what stands how, and the way to each. */
export default function Apps() {
  useTitle(t("nav.apps"));
  const { data: apps, error, isPending, refetch } = useQuery(queries.apps());
  const { data: me } = useQuery(queries.session());
  const newApp = can(me, "write") && (
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
      {isPending && <Waiting />}
      {apps?.length === 0 && (
        <Empty icon={<Boxes size={30} aria-hidden />} title={t("apps.empty")} action={newApp}>
          {t("apps.empty_body")}
        </Empty>
      )}
      {apps && apps.length > 0 && <AppList apps={apps} />}
      {apps && <CommandHint className="mt-5" command={cli("apps")} />}
    </Page>
  );
}

function AppList({ apps }: { apps: App[] }) {
  const [q, setQ] = useTypedSearch("q");
  const [sortWanted, setSort] = useSearchText("sort");
  const [statusWanted, setStatus] = useSearchText("status");
  const [view, setView] = useView();
  const recent = useRecent();
  const search = useDeferredValue(q);
  const standing = asStanding(statusWanted);
  const found = useMemo(
    () =>
      sorted(
        apps.filter((app) => matches(app, search) && (!standing || hasStanding(app, standing))),
        asSort(sortWanted),
        recent,
      ),
    [apps, search, standing, sortWanted, recent],
  );
  const clear = () => {
    setQ("");
    setStatus("");
  };
  const sort = asSort(sortWanted);
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center gap-x-3 gap-y-2.5">
        <SearchField value={q} onChange={setQ} />
        <StandingFilter apps={apps} value={standing} onChange={(next) => setStatus(next ?? "")} />
        <div className="ml-auto flex items-center gap-2">
          {view === "grid" && <SortChoice value={sort} onChange={(next) => setSort(sortText(next))} />}
          <ViewChoice value={view} onChange={setView} />
        </div>
      </div>
      <p className="sr-only" role="status">
        {search || standing ? tn("apps.found", found.length) : ""}
      </p>
      {found.length === 0 ? (
        <div className="rounded-lg border border-dashed px-6 py-10 text-center text-text-2">
          <p>{search ? t("apps.none_found", { text: search }) : t("apps.none_so")}</p>
          <Button className="mt-4" onClick={clear}>
            {t("apps.show_all")}
          </Button>
        </div>
      ) : view === "grid" ? (
        <AppGrid apps={found} recent={recent} />
      ) : (
        <AppTable apps={found} recent={recent} sort={sort} onSort={(next) => setSort(sortText(next))} />
      )}
    </>
  );
}

/** What each app served in the last hour, by the app's ID. */
function useRecent(): ReadonlyMap<string, Recent> {
  const { data } = useQuery(metricsQueries.recent());
  return useMemo(() => new Map(data?.apps.map((app) => [app.id, app])), [data]);
}

function Waiting() {
  return (
    <div role="status" aria-label={t("common.loading")}>
      <Skeleton className="mb-4 h-9 max-w-xs" />
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2 xl:grid-cols-3">
        {Array.from({ length: 6 }, (_, i) => (
          <Skeleton key={i} className="h-[13.25rem]" />
        ))}
      </div>
    </div>
  );
}
