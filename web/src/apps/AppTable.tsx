import { Link } from "@tanstack/react-router";
import { ArrowDown, ArrowUp } from "lucide-react";
import { memo, type ReactNode, useRef } from "react";
import type { App } from "@/api/types";
import { Card } from "@/components/ui/layout";
import { AppStatusBadge, shownStatus } from "@/components/ui/status";
import { t } from "@/i18n";
import { useLanguage } from "@/i18n/language";
import { cx } from "@/lib/cx";
import { useWindowRows } from "@/lib/windowrows";
import { type Recent, RecentWords, Sparkline } from "@/metrics/Sparkline";
import { AppAddress, LastDeployment, LastWhen, LiveWords } from "./AppCard";
import { rem } from "./AppGrid";
import type { Sort, SortKey } from "./list";

interface AppTableProps {
  apps: App[];
  recent: ReadonlyMap<string, Recent>;
  sort: Sort;
  onSort: (sort: Sort) => void;
}

const rowHeight = 3.75;
const rowPixels = () => rowHeight * rem();

/** One row for each app; only those near the screen are in the page. */
export function AppTable({ apps, recent, sort, onSort }: AppTableProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  const near = useWindowRows({ holder: body, count: apps.length, rowHeight: rowPixels, overscan: 8 });
  const before = near.first * near.height;
  const after = (apps.length - near.end) * near.height;
  const head = (by: SortKey, label: string, className?: string) => (
    <SortHead by={by} sort={sort} onSort={onSort} className={className}>
      {label}
    </SortHead>
  );
  return (
    <Card>
      <table className="w-full table-fixed border-collapse" aria-rowcount={apps.length + 1}>
        <caption className="sr-only">{t("nav.apps")}</caption>
        <thead>
          <tr className="h-10 border-b text-left text-sm text-text-3" aria-rowindex={1}>
            {head("name", t("apps.name"))}
            {head("status", t("apps.status"), "w-28")}
            <th scope="col" className="hidden px-3 font-medium xl:table-cell">
              {t("apps.live")}
            </th>
            {head("deployed", t("apps.last"), "hidden md:table-cell md:w-[30%]")}
            {head("requests", t("apps.requests"), "hidden sm:table-cell sm:w-[32%] md:w-[24%]")}
          </tr>
        </thead>
        <tbody ref={body}>
          {before > 0 && <Spacer height={before} />}
          {apps.slice(near.first, near.end).map((app, i) => (
            <AppRow key={app.id} app={app} recent={recent.get(app.id)} index={near.first + i + 2} />
          ))}
          {after > 0 && <Spacer height={after} />}
        </tbody>
      </table>
    </Card>
  );
}

function Spacer({ height }: { height: number }) {
  return (
    <tr aria-hidden>
      <td className="p-0" style={{ height }} />
    </tr>
  );
}

interface SortHeadProps {
  by: SortKey;
  sort: Sort;
  onSort: (sort: Sort) => void;
  className?: string;
  children: ReactNode;
}

// Where the natural order goes down: the newest, the busiest.
const falling = new Set<SortKey>(["deployed", "requests"]);

function SortHead({ by, sort, onSort, className, children }: SortHeadProps) {
  const chosen = sort.by === by;
  const down = falling.has(by) !== sort.reversed;
  return (
    <th
      scope="col"
      aria-sort={chosen ? (down ? "descending" : "ascending") : undefined}
      className={cx("px-3 font-medium first:pl-4", className)}
    >
      <button
        type="button"
        className={cx("inline-flex items-center gap-1 rounded-sm hover:text-text", chosen && "text-text")}
        onClick={() => onSort({ by, reversed: chosen && !sort.reversed })}
      >
        {children}
        {chosen && (down ? <ArrowDown size={13} aria-hidden /> : <ArrowUp size={13} aria-hidden />)}
      </button>
    </th>
  );
}

interface AppRowProps {
  app: App;
  recent: Recent | undefined;
  index: number;
}

const AppRow = memo(function AppRow({ app, recent, index }: AppRowProps) {
  useLanguage();
  return (
    <tr aria-rowindex={index} className="relative h-[3.75rem] border-b last:border-b-0 hover:bg-surface-2/60">
      <th scope="row" className="max-w-0 px-3 pl-4 text-left font-normal">
        <Link
          to="/apps/$app"
          params={{ app: app.name }}
          title={app.name}
          className="block truncate rounded-sm font-medium after:absolute after:inset-0"
        >
          {app.name}
        </Link>
        <span className="flex min-w-0">
          <AppAddress app={app} />
        </span>
      </th>
      <td className="px-3">
        <AppStatusBadge status={shownStatus(app)} />
      </td>
      <td className="hidden max-w-0 truncate px-3 text-sm xl:table-cell">
        <LiveWords app={app} />
      </td>
      <td className="hidden max-w-0 px-3 text-sm md:table-cell">
        <span className="flex min-w-0 items-center gap-2">
          <LastDeployment app={app} />
        </span>
        <span className="block truncate text-text-3">
          <LastWhen app={app} />
        </span>
      </td>
      <td className="hidden max-w-0 px-3 pr-4 sm:table-cell">
        <Sparkline recent={recent} className="h-6 w-full" />
        <span className="block truncate text-xs">
          <RecentWords recent={recent} />
        </span>
      </td>
    </tr>
  );
});
