import { CircleAlert, RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { asProblem } from "@/api/problem";
import { t } from "@/i18n";
import { cx } from "@/lib/cx";
import { Button } from "./button";

/** Says what a problem is in words, the network's and the server's alike. */
export function problemText(error: unknown): string {
  const problem = asProblem(error);
  if (problem.offline) return t("problem.offline");
  if (problem.kind === "page") return t("problem.page", { detail: problem.message });
  if (problem.status === 429 && problem.retryAfter) {
    return t("problem.rate_limited", { detail: problem.message, seconds: problem.retryAfter });
  }
  return problem.message;
}

/** An error beside what it is about. */
export function ErrorNote({
  error,
  onRetry,
  className,
}: {
  error: unknown;
  onRetry?: () => void;
  className?: string;
}) {
  if (!error) return null;
  const problem = asProblem(error);
  return (
    <div
      role="alert"
      className={cx("flex items-start gap-2.5 rounded-md bg-bad-soft px-3 py-2.5 text-bad", className)}
    >
      <CircleAlert size={17} className="mt-0.5 shrink-0" aria-hidden />
      <div className="min-w-0 flex-1 break-words">
        {problemText(problem)}
        {problem.status >= 500 && problem.requestId && (
          <div className="mt-0.5 text-xs">{t("problem.request_id", { id: problem.requestId })}</div>
        )}
      </div>
      {onRetry && (
        <Button size="sm" look="plain" className="-my-1" onClick={onRetry}>
          <RotateCw size={14} aria-hidden />
          {t("common.retry")}
        </Button>
      )}
    </div>
  );
}

/** A word on what went wrong, within a row or a sentence. Where it stands alone, take an ErrorNote. */
export function InlineError({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  if (!error) return null;
  return (
    <span role="alert" className="inline-flex min-w-0 items-center gap-1.5 text-bad text-sm">
      <CircleAlert size={14} className="shrink-0" aria-hidden />
      <span className="min-w-0 break-words">{problemText(error)}</span>
      {onRetry && (
        <button type="button" className="link shrink-0 rounded-sm" onClick={onRetry}>
          {t("common.retry")}
        </button>
      )}
    </span>
  );
}

/** What stands where there is nothing yet, and what to do about it. */
export function Empty({
  icon,
  title,
  level = 2,
  children,
  action,
}: {
  icon?: ReactNode;
  title: string;
  /** 1 where it is all that the page says. */
  level?: 1 | 2;
  children?: ReactNode;
  action?: ReactNode;
}) {
  const Heading = `h${level}` as const;
  return (
    <div className="flex flex-col items-center rounded-lg border border-dashed px-6 py-12 text-center">
      {icon && <div className="mb-3 text-text-3">{icon}</div>}
      <Heading className="break-words font-semibold text-lg">{title}</Heading>
      {children && <div className="mt-1.5 max-w-md text-text-2">{children}</div>}
      {action && <div className="mt-5 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}

/** The shape of what is being fetched, of the same size. */
export function Skeleton({ className }: { className?: string }) {
  return <span className={cx("block animate-breathe rounded-md bg-surface-3/70", className)} aria-hidden />;
}

/** Lines of text on their way, as high as the text will be. */
export function SkeletonText({ lines = 1, className }: { lines?: number; className?: string }) {
  return (
    <span className={cx("block", className)} aria-hidden>
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} className="flex h-5.5 items-center">
          <Skeleton className={cx("h-3", i === lines - 1 && lines > 1 ? "w-2/3" : "w-full")} />
        </span>
      ))}
    </span>
  );
}

export function SkeletonRows({ rows = 4 }: { rows?: number }) {
  return (
    <div role="status" aria-label={t("common.loading")} className="space-y-2">
      {Array.from({ length: rows }, (_, i) => (
        <Skeleton key={i} className="h-12" />
      ))}
    </div>
  );
}
