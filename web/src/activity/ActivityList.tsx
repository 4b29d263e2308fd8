import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { History, SearchX } from "lucide-react";
import { useMemo } from "react";
import { asProblem } from "@/api/problem";
import { queries } from "@/api/queries";
import { Button } from "@/components/ui/button";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/feedback";
import { Card, Rows } from "@/components/ui/layout";
import { num, t } from "@/i18n";
import { cx } from "@/lib/cx";
import { useNow } from "@/lib/time";
import { byDay, dayWords } from "./days";
import { EventRow } from "./EventRow";
import { Filters } from "./Filters";
import { activityQuery } from "./query";
import { type ActivitySearch, isNarrowed } from "./search";

interface ActivityListProps {
  search: ActivitySearch;
  onSearch: (search: ActivitySearch) => void;
}

/** What was done, day by day, narrowed by what the address says. New events come in at the top. */
export function ActivityList({ search, onSearch }: ActivityListProps) {
  const query = useInfiniteQuery({ ...activityQuery(search), placeholderData: keepPreviousData });
  const { data: apps } = useQuery(queries.apps());
  const now = useNow(60_000);
  const events = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const days = useMemo(() => byDay(events), [events]);
  const people = useMemo(() => [...new Set(events.map((e) => e.actor))], [events]);
  const there = useMemo(() => apps && new Set(apps.map((app) => app.name)), [apps]);
  const narrowed = isNarrowed(search);
  const olderFailed = query.isFetchNextPageError;
  const missing = query.error && !query.data && asProblem(query.error).status === 404;
  const none = query.data && !query.isPlaceholderData && events.length === 0;
  return (
    <>
      {!(none && !narrowed) && <Filters search={search} people={people} onChange={onSearch} />}
      {query.error && !olderFailed && !missing && (
        <ErrorNote error={query.error} onRetry={() => void query.refetch()} className="mb-4" />
      )}
      {query.isPending && <RowShapes />}
      {none && !narrowed && (
        <Empty icon={<History size={28} aria-hidden />} title={t("activity.empty")}>
          {t("activity.empty_body")}
        </Empty>
      )}
      {((none && narrowed) || missing) && (
        <Empty
          icon={<SearchX size={28} aria-hidden />}
          title={missing ? t("activity.no_app", { app: search.app ?? "" }) : t("activity.none_match")}
          action={<Button onClick={() => onSearch({})}>{t("filter.clear")}</Button>}
        />
      )}
      <div
        className={cx("space-y-5", query.isPlaceholderData && "opacity-60")}
        aria-busy={query.isPlaceholderData || undefined}
      >
        {days.map((day) => {
          const words = dayWords(day.when, now);
          return (
            <section key={new Date(day.when).toDateString()} aria-label={words}>
              <h2 className="mb-2 font-semibold text-sm text-text-2">{words}</h2>
              <Card className="overflow-hidden">
                <Rows label={words}>
                  {day.events.map((e) => (
                    <EventRow
                      key={e.id}
                      event={e}
                      gone={e.app !== "" && there !== undefined && !there.has(e.app)}
                    />
                  ))}
                </Rows>
              </Card>
            </section>
          );
        })}
      </div>
      {olderFailed && (
        <ErrorNote error={query.error} onRetry={() => void query.fetchNextPage()} className="mt-4" />
      )}
      {events.length > 0 && !query.isPlaceholderData && (
        <div className="mt-4 flex min-h-9 items-center justify-center text-sm text-text-3">
          {query.hasNextPage ? (
            <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              {t("activity.older")}
            </Button>
          ) : (
            <span className="tabular-nums">{t("activity.all_shown", { n: num(events.length) })}</span>
          )}
        </div>
      )}
    </>
  );
}

function RowShapes() {
  return (
    <div role="status" aria-label={t("common.loading")}>
      <div className="mb-2 flex h-5 items-center">
        <Skeleton className="h-3 w-16" />
      </div>
      <Card className="divide-y overflow-hidden">
        {Array.from({ length: 10 }, (_, i) => (
          <div key={i} className="flex h-15.5 items-center gap-3 px-4 sm:px-5">
            <Skeleton className="size-4" />
            <Skeleton className="h-4 w-3/5" />
            <Skeleton className="ml-auto h-4 w-10" />
          </div>
        ))}
      </Card>
    </div>
  );
}
