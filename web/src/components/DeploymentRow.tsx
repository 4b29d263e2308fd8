import { Link } from "@tanstack/react-router";
import { GitBranch, GitCommitHorizontal } from "lucide-react";
import { type Deployment, terminal } from "@/api/types";
import { DeploymentBadge } from "@/components/ui/status";
import { Ago } from "@/components/ui/time";
import { elapsed, timeline } from "@/deployments/timeline";
import { askedBy, deploymentWords, ordinal, shortRef } from "@/deployments/words";
import { t, tWord } from "@/i18n";
import { cx } from "@/lib/cx";
import { duration, useNow } from "@/lib/time";
import { shortCommit } from "@/lib/url";

export { deploymentWords } from "@/deployments/words";

/** One deployment as a row that leads to its page: what, who, when, how long. */
export function DeploymentRow({ deployment: d, withApp }: { deployment: Deployment; withApp?: boolean }) {
  const running = !terminal(d.state);
  const words = deploymentWords(d);
  return (
    <li className="relative grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-4 py-3 [contain-intrinsic-size:auto_4.5rem] [content-visibility:auto] hover:bg-surface-2/60 sm:grid-cols-[8rem_minmax(0,1fr)_fit-content(17rem)] sm:px-5">
      <span className="order-2 justify-self-end sm:order-none sm:justify-self-start">
        <DeploymentBadge state={d.state} />
      </span>
      <span className="min-w-0">
        <span className="flex min-w-0 items-baseline gap-2">
          <Link
            to="/apps/$app/deployments/$number"
            params={{ app: d.app, number: String(d.number) }}
            className="-outline-offset-2! truncate rounded-sm font-medium after:absolute after:inset-0 hover:underline"
            title={words}
          >
            {withApp && <span>{d.app} </span>}
            <span className={withApp ? "text-text-2" : undefined}>#{d.number}</span>{" "}
            <span className="font-normal">{words}</span>
          </Link>
        </span>
        <Origin d={d} words={words} />
        {running && <Progress d={d} />}
      </span>
      <span className="order-3 col-span-2 text-sm text-text-3 tabular-nums sm:order-none sm:col-span-1 sm:text-right">
        <span className="sm:block">
          {running ? <Ticking d={d} /> : duration(elapsed(d, 0))}
          {d.release > 0 && <span className="ml-2 font-mono text-xs">v{d.release}</span>}
        </span>
        <span className="mx-1.5 sm:hidden">·</span>
        <span className="sm:block">
          <Ago when={d.created_at} /> · <span className="[overflow-wrap:anywhere]">{askedBy(d)}</span>
        </span>
      </span>
    </li>
  );
}

function Origin({ d, words }: { d: Deployment; words: string }) {
  const trigger = tWord("trigger", d.trigger);
  return (
    <span className="flex flex-wrap items-center gap-x-2.5 text-sm text-text-3">
      {words !== trigger && <span>{trigger}</span>}
      {d.commit && (
        <span className="inline-flex items-center gap-1 font-mono text-xs" title={d.commit}>
          <GitCommitHorizontal size={13} aria-hidden />
          {shortCommit(d.commit)}
        </span>
      )}
      {d.source_ref && (
        <span className="inline-flex min-w-0 items-center gap-1 font-mono text-xs">
          <GitBranch size={12} className="shrink-0" aria-hidden />
          <span className="truncate">{shortRef(d.source_ref)}</span>
        </span>
      )}
      {d.state === "failed" && d.reason && (
        <span className="line-clamp-1 basis-full break-all text-bad" lang="en">
          {d.reason}
        </span>
      )}
      {d.state === "superseded" && d.superseded_by > 0 && (
        <span>{t("deployment.superseded_by", { n: d.superseded_by })}</span>
      )}
      {d.cause && (
        <span className="line-clamp-1 basis-full text-warn" lang="en" title={d.cause}>
          {d.cause}
        </span>
      )}
    </span>
  );
}

function Ticking({ d }: { d: Deployment }) {
  return duration(elapsed(d, useNow(1000)));
}

const colours = { done: "bg-ok-mark", skipped: "bg-ok-mark", running: "bg-accent animate-breathe" } as const;

/** How far one that runs has come, drawn and in words. */
function Progress({ d }: { d: Deployment }) {
  const now = useNow(1000);
  const phases = timeline(d);
  const current = phases.find((phase) => phase.status === "running");
  const spent = current?.from === undefined ? undefined : duration(now - current.from);
  return (
    <span className={cx("block", d.state !== "queued" && "mt-1.5")}>
      {d.state !== "queued" && (
        <span className="mb-1 flex max-w-md gap-1" aria-hidden>
          {phases.map((phase) => (
            <span
              key={phase.name}
              className={cx(
                "h-1 flex-1 rounded-full",
                colours[phase.status as keyof typeof colours] ?? "bg-surface-3",
              )}
            />
          ))}
        </span>
      )}
      <span className="block text-sm text-text-2 tabular-nums">{progressWords(d, spent)}</span>
    </span>
  );
}

function progressWords(d: Deployment, spent: string | undefined): string {
  if (d.cancel_requested) return t("deployment.cancelling");
  if (d.state === "queued" && d.queue_position > 0) {
    return t("timeline.queue_place", { place: ordinal(d.queue_position + 1) });
  }
  const words =
    d.build_position > 0
      ? t("timeline.build_place", { place: ordinal(d.build_position) })
      : tWord("phase_running", d.state);
  // A time is not broken over two lines.
  return spent ? t("timeline.with", { word: words, detail: spent.replaceAll(" ", "\u00a0") }) : words;
}
