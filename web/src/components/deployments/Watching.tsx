import { Link } from "@tanstack/react-router";
import { CircleCheck, CircleHelp, Eye, Undo2 } from "lucide-react";
import { lazy, type ReactNode, Suspense } from "react";
import type { Deployment } from "@/api/types";
import { Skeleton } from "@/components/ui/feedback";
import { Card } from "@/components/ui/layout";
import { type Return, returnOf } from "@/deployments/taken";
import { timeOfDay } from "@/deployments/words";
import { t } from "@/i18n";

// Graphs are heavy, and few deployments are taken back.
const ReturnGraph = lazy(() => import("./ReturnGraph"));

interface WatchingProps {
  deployment: Deployment;
  /** The newest deployments of the app, newest first. */
  near: readonly Deployment[];
}

/** What watching a deployment came to, and why Slipway went back where it did. */
export function Watching({ deployment: d, near }: WatchingProps) {
  const taken = returnOf(d, near);
  if (taken) return <Returned d={d} taken={taken} />;
  if (!d.watch) return null;
  const { verdict, until, note } = d.watch;
  if (verdict === "open") {
    return (
      <Note icon={<Eye size={18} className="text-accent-text" aria-hidden />}>
        <p className="font-semibold tabular-nums">{t("watch.open", { at: timeOfDay(until) })}</p>
        <p className="text-text-2">{t("watch.open_body")}</p>
      </Note>
    );
  }
  const kept = verdict === "kept";
  return (
    <Note
      icon={
        kept ? (
          <CircleCheck size={18} className="text-ok" aria-hidden />
        ) : (
          <CircleHelp size={18} className="text-text-3" aria-hidden />
        )
      }
    >
      <p className="font-semibold">{kept ? t("watch.kept") : t("watch.unknown")}</p>
      {note && (
        <p className="break-words text-text-2" lang="en">
          {note}
        </p>
      )}
    </Note>
  );
}

function Note({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <div className="mb-5 flex gap-3 rounded-lg border bg-surface px-4 py-3 shadow-1" role="status">
      <span className="mt-0.5 shrink-0">{icon}</span>
      <div className="min-w-0">{children}</div>
    </div>
  );
}

/** An automatic return, told on both of its pages: where it began and where it ended. */
function Returned({ d, taken: { bad, back, to, why } }: { d: Deployment; taken: Return }) {
  const own = d.trigger === "return";
  const other = own ? bad : back;
  const went = to > 0 ? t("return.title", { v: to }) : t("return.title_plain");
  return (
    <Card className="mb-5 overflow-hidden">
      <div className="flex gap-3 bg-warn-soft px-4 py-3.5 sm:px-5" role="status">
        <Undo2 size={20} className="mt-0.5 shrink-0 text-warn" aria-hidden />
        <div className="min-w-0">
          <p className="font-semibold text-warn">{own ? went : t("watch.returned")}</p>
          {why && (
            <p className="mt-0.5 break-words text-text" lang="en">
              {why}
            </p>
          )}
          <p className="mt-1 text-sm text-text-2">
            {other && (
              <>
                <Link
                  to="/apps/$app/deployments/$number"
                  params={{ app: d.app, number: String(other.number) }}
                  className="link"
                >
                  {own ? t("return.of", { n: other.number }) : t("watch.see_return", { n: other.number })}
                </Link>{" "}
              </>
            )}
            {t("return.next")}
          </p>
        </div>
      </div>
      {bad?.finished_at && (
        <Suspense fallback={<Skeleton className="m-4 h-64" />}>
          <ReturnGraph app={d.app} bad={bad} back={back} />
        </Suspense>
      )}
    </Card>
  );
}
