import { Link } from "@tanstack/react-router";
import { GitCompareArrows, Undo2, Zap } from "lucide-react";
import type { Release } from "@/api/types";
import { Button, buttonClass } from "@/components/ui/button";
import { Badge } from "@/components/ui/status";
import { compareReleases } from "@/deployments/compare";
import { t, tWord } from "@/i18n";
import { cx } from "@/lib/cx";
import { ReleaseFacts } from "./ReleaseFacts";
import { WarmBadge } from "./WarmNote";

interface ReleaseItemProps {
  app: string;
  release: Release;
  /** The one made before it, when it is known. */
  before: Release | undefined;
  live: number;
  /** No deployment of it has succeeded. */
  never: boolean;
  /** Until when its instances still run without traffic. */
  warmUntil: string | undefined;
  last: boolean;
  onRollback: (() => void) | undefined;
}

/** One release on the timeline of versions, with what it changed. */
export function ReleaseItem({
  app,
  release: r,
  before,
  live,
  never,
  warmUntil,
  last,
  onRollback,
}: ReleaseItemProps) {
  const isLive = r.version === live;
  return (
    <li
      id={`v${r.version}`}
      className="grid scroll-mt-20 grid-cols-[1.25rem_minmax(0,1fr)] gap-x-3 px-4 target:bg-accent-soft/60 sm:px-5"
    >
      <span className="relative" aria-hidden>
        <span className={cx("-translate-x-1/2 absolute left-1/2 w-px bg-border", last ? "h-5" : "h-full")} />
        <span
          className={cx(
            "-translate-x-1/2 absolute top-[1.1rem] left-1/2 size-2.5 rounded-full border-2",
            isLive ? "border-ok-mark bg-ok-mark" : "border-border-strong bg-surface",
          )}
        />
      </span>
      <div
        className={cx(
          "flex flex-wrap items-center justify-between gap-x-4 gap-y-2 py-3",
          !last && "border-b",
        )}
      >
        <div className="min-w-0 flex-1 basis-72">
          <div className="flex items-center gap-2">
            <span className="font-mono font-semibold">v{r.version}</span>
            {isLive && <Badge tone="ok">{t("releases.live")}</Badge>}
            {warmUntil && <WarmBadge until={warmUntil} />}
            {never && <Badge>{t("releases.never_live")}</Badge>}
            <span className="truncate" title={r.description}>
              {r.description}
            </span>
          </div>
          <ReleaseFacts app={app} release={r} />
          {before && <Changed from={before} to={r} />}
        </div>
        <div className="flex gap-2">
          {live > 0 && !isLive && (
            <Link
              to="/apps/$app/releases/compare"
              params={{ app }}
              search={{ from: live, to: r.version }}
              className={buttonClass("quiet", "sm")}
              aria-label={t("releases.compare_with", { v: r.version })}
            >
              <GitCompareArrows size={14} aria-hidden />
              {t("releases.compare")}
            </Link>
          )}
          {onRollback && (
            <Button
              size="sm"
              onClick={onRollback}
              aria-label={t("releases.rollback_to", { v: r.version })}
              title={warmUntil && t("warm.back", { v: r.version })}
            >
              {warmUntil ? (
                <Zap size={14} className="text-ok" aria-hidden />
              ) : (
                <Undo2 size={14} aria-hidden />
              )}
              {t("releases.rollback")}
            </Button>
          )}
        </div>
      </div>
    </li>
  );
}

/** What a release changed against the one before it, in a few marks. */
function Changed({ from, to }: { from: Release; to: Release }) {
  const diff = compareReleases(from, to);
  const { added, removed } = diff.config;
  const words = [
    diff.commit && to.commit ? tWord("releases.changed", "commit") : "",
    diff.image ? tWord("releases.changed", "image") : "",
    ...added.map((name) => `+${name}`),
    ...removed.map((name) => `−${name}`),
    diff.processes.some((p) => p.kind !== "same") ? tWord("releases.changed", "processes") : "",
  ].filter(Boolean);
  if (words.length === 0) return null;
  const shown = words.slice(0, 5);
  return (
    <ul
      className="mt-1.5 flex flex-wrap gap-1.5"
      aria-label={t("releases.changed_since", { v: from.version })}
    >
      {shown.map((word) => (
        <li
          key={word}
          className="max-w-full truncate rounded-sm bg-surface-2 px-1.5 text-text-2 text-xs"
          title={word}
        >
          {word}
        </li>
      ))}
      {words.length > shown.length && (
        <li className="text-text-3 text-xs">
          {t("releases.changed_more", { n: words.length - shown.length })}
        </li>
      )}
    </ul>
  );
}
