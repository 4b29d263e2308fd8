import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Sentence } from "@/activity/EventRow";
import { queries } from "@/api/queries";
import { ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Rows, Section } from "@/components/ui/layout";
import { Ago } from "@/components/ui/time";
import { t } from "@/i18n";

const shown = 6;

/** What people did with the app of late. */
export function RecentActivity({ app }: { app: string }) {
  const { data, error, isPending, refetch } = useInfiniteQuery(queries.events(app));
  const events = data?.pages[0]?.items.slice(0, shown) ?? [];
  return (
    <Section
      title={t("overview.activity")}
      flush
      actions={
        <Link to="/activity" className="link text-sm">
          {t("overview.all_activity")}
        </Link>
      }
    >
      {isPending && (
        <div className="p-4">
          <SkeletonRows rows={3} />
        </div>
      )}
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="m-4" />}
      <Rows label={t("overview.activity")}>
        {events.map((e) => (
          <li key={e.id} className="flex items-baseline justify-between gap-3 px-4 py-2 text-sm sm:px-5">
            <span className="min-w-0 [overflow-wrap:anywhere]">
              <Sentence event={e} gone={false} />
            </span>
            <span className="shrink-0 text-text-3">
              <Ago when={e.created_at} />
            </span>
          </li>
        ))}
      </Rows>
      {data && events.length === 0 && <p className="px-5 py-3 text-text-3">{t("overview.no_activity")}</p>}
    </Section>
  );
}
