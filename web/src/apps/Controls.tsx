import { ArrowDownUp, LayoutGrid, List, Search } from "lucide-react";
import type { App } from "@/api/types";
import { IconButton } from "@/components/ui/button";
import { num, t, tWord } from "@/i18n";
import { cx } from "@/lib/cx";
import { asSort, type Sort, type Standing, sortKeys, sortText, summaryOf } from "./list";
import type { View } from "./view";

interface SearchFieldProps {
  value: string;
  onChange: (text: string) => void;
}

export function SearchField({ value, onChange }: SearchFieldProps) {
  return (
    <label className="relative block min-w-0 flex-1 basis-52 sm:max-w-xs">
      <span className="sr-only">{t("apps.search")}</span>
      <Search size={16} className="absolute top-1/2 left-2.5 -translate-y-1/2 text-text-3" aria-hidden />
      <input
        type="search"
        className="control pl-8"
        placeholder={t("apps.search")}
        value={value}
        onChange={(e) => onChange(e.target.value)}
      />
    </label>
  );
}

interface StandingFilterProps {
  apps: readonly App[];
  value: Standing | undefined;
  onChange: (standing: Standing | undefined) => void;
}

/** How many apps stand how; each is a filter. */
export function StandingFilter({ apps, value, onChange }: StandingFilterProps) {
  const summary = summaryOf(apps);
  const missing = value && !summary.some(({ standing }) => standing === value);
  const shown = missing ? [...summary, { standing: value, count: 0 }] : summary;
  if (shown.length < 2 && !value) return null;
  return (
    <fieldset className="flex flex-wrap gap-1.5">
      <legend className="sr-only">{t("apps.filter")}</legend>
      {shown.map(({ standing, count }) => (
        <button
          key={standing}
          type="button"
          aria-pressed={standing === value}
          onClick={() => onChange(standing === value ? undefined : standing)}
          className={cx(
            "inline-flex min-h-7 items-center gap-1.5 rounded-full border px-2.5 text-sm",
            standing === value ? "border-accent bg-accent-soft font-medium" : "bg-surface hover:bg-surface-2",
          )}
        >
          <span className={cx("size-2 rounded-full", dots[standing])} aria-hidden />
          <span className="tabular-nums">{num(count)}</span>
          {tWord("app_standing", standing)}
        </button>
      ))}
    </fieldset>
  );
}

const dots: Record<Standing, string> = {
  down: "bg-bad-mark",
  failed: "bg-bad-mark",
  deploy_failed: "bg-warn-mark",
  deploying: "bg-accent",
  live: "bg-ok-mark",
  stopped: "bg-border-strong",
  new: "bg-border-strong",
};

interface SortChoiceProps {
  value: Sort;
  onChange: (sort: Sort) => void;
}

/** The order of the grid, which has no heads to press. */
export function SortChoice({ value, onChange }: SortChoiceProps) {
  return (
    <label className="relative block">
      <span className="sr-only">{t("apps.sort")}</span>
      <ArrowDownUp
        size={14}
        className="-translate-y-1/2 pointer-events-none absolute top-1/2 left-2.5 text-text-3"
        aria-hidden
      />
      <select
        className="control appearance-none pr-3 pl-8"
        value={sortText(value)}
        onChange={(e) => onChange(asSort(e.target.value))}
      >
        {sortKeys.flatMap((by) =>
          [false, true].map((reversed) => {
            const text = sortText({ by, reversed });
            return (
              <option key={text} value={text}>
                {tWord("app_sort", reversed ? `-${by}` : by)}
              </option>
            );
          }),
        )}
      </select>
    </label>
  );
}

export function ViewChoice({ value, onChange }: { value: View; onChange: (view: View) => void }) {
  return (
    <fieldset className="flex rounded-md border bg-surface">
      <legend className="sr-only">{t("apps.view")}</legend>
      <IconButton
        label={t("apps.as_grid")}
        aria-pressed={value === "grid"}
        className={cx(value === "grid" && "bg-surface-3 text-text!")}
        onClick={() => onChange("grid")}
      >
        <LayoutGrid size={16} aria-hidden />
      </IconButton>
      <IconButton
        label={t("apps.as_table")}
        aria-pressed={value === "table"}
        className={cx(value === "table" && "bg-surface-3 text-text!")}
        onClick={() => onChange("table")}
      >
        <List size={16} aria-hidden />
      </IconButton>
    </fieldset>
  );
}
