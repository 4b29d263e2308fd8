import { Link } from "@tanstack/react-router";
import { GitCommitHorizontal } from "lucide-react";
import { type Deployment, terminal } from "@/api/types";
import { DeploymentBadge } from "@/components/ui/status";
import { Ago } from "@/components/ui/time";
import { elapsed } from "@/deployments/timeline";
import { t, tWord } from "@/i18n";
import { duration, useNow } from "@/lib/time";
import { shortCommit } from "@/lib/url";

/** What a deployment is of, in a few words: the commit's, the image's, or its cause. */
export function deploymentWords(d: Deployment): string {
  if (d.commit_message) return d.commit_message.split("\n")[0] ?? "";
  if (d.trigger === "image" && d.image) return d.image;
  return tWord("trigger", d.trigger);
}

/** One deployment as a row that leads to its page. */
export function DeploymentRow({ deployment: d, withApp }: { deployment: Deployment; withApp?: boolean }) {
  const running = !terminal(d.state);
  const now = useNow(1000, running);
  return (
    <li className="relative grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-4 py-3 hover:bg-surface-2/60 sm:grid-cols-[8.5rem_minmax(0,1fr)_auto] sm:px-5">
      <span className="order-2 justify-self-end sm:order-none sm:justify-self-start">
        <DeploymentBadge state={d.state} />
      </span>
      <span className="min-w-0">
        <span className="flex min-w-0 items-baseline gap-2">
          <Link
            to="/apps/$app/deployments/$number"
            params={{ app: d.app, number: String(d.number) }}
            className="truncate rounded-sm font-medium after:absolute after:inset-0 hover:underline"
          >
            {withApp && <span>{d.app} </span>}
            <span className={withApp ? "text-text-2" : undefined}>#{d.number}</span>{" "}
            <span className="font-normal">{deploymentWords(d)}</span>
          </Link>
        </span>
        <span className="flex flex-wrap items-center gap-x-2 text-sm text-text-3">
          {(d.commit_message || d.image) && <span>{tWord("trigger", d.trigger)}</span>}
          {d.commit && (
            <span className="inline-flex items-center gap-1 font-mono text-xs">
              <GitCommitHorizontal size={13} aria-hidden />
              {shortCommit(d.commit)}
            </span>
          )}
          {d.source_ref && (
            <span className="font-mono text-xs">{d.source_ref.replace(/^refs\/(heads|tags)\//, "")}</span>
          )}
          {d.state === "failed" && d.reason && (
            <span className="line-clamp-1 basis-full text-bad">{d.reason}</span>
          )}
          {d.state === "queued" && d.queue_position > 0 && (
            <span>{t("deployment.behind", { n: d.queue_position })}</span>
          )}
        </span>
      </span>
      <span className="order-3 col-span-2 text-sm text-text-3 sm:order-none sm:col-span-1 sm:text-right">
        <span className="sm:block">
          {duration(elapsed(d, now))}
          {d.release > 0 && <span className="ml-2 font-mono text-xs">v{d.release}</span>}
        </span>
        <span className="mx-1.5 sm:hidden">·</span>
        <span className="sm:block">
          <Ago when={d.created_at} /> · {d.created_by}
        </span>
      </span>
    </li>
  );
}
