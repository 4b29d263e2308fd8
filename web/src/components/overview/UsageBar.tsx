import { t } from "@/i18n";
import { cx } from "@/lib/cx";

interface UsageBarProps {
  label: string;
  value: number | null;
  /** 0 for none. */
  limit: number;
  words: (n: number) => string;
}

/** How much is taken of what may be taken at most. */
export function UsageBar({ label, value, limit, words }: UsageBarProps) {
  const share = value === null || limit <= 0 ? 0 : Math.min(1, value / limit);
  const said = value === null ? t("instances.not_measured") : words(value);
  const full =
    limit > 0 && value !== null ? t("instances.of_limit", { used: said, limit: words(limit) }) : said;
  return (
    <div className="min-w-0">
      <div className="flex items-baseline justify-between gap-2 text-xs">
        <span className="text-text-3">{label}</span>
        <span className={cx("truncate tabular-nums", value === null && "text-text-3")} title={full}>
          <span aria-hidden>{value === null ? "–" : said}</span>
          <span className="sr-only">{full}</span>
        </span>
      </div>
      <div aria-hidden className="mt-0.5 h-1.5 overflow-hidden rounded-full bg-surface-3">
        <div
          className={cx(
            "h-full rounded-full transition-[width] duration-[var(--motion-slow)]",
            share >= 0.9 ? "bg-bad-mark" : share >= 0.75 ? "bg-warn-mark" : "bg-accent",
          )}
          style={{ width: `${share > 0 ? Math.max(2, share * 100) : 0}%` }}
        />
      </div>
    </div>
  );
}
