import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleSlash } from "lucide-react";
import type { App, Deployment } from "@/api/types";
import { CopyButton } from "@/components/ui/copy";
import { exitCodeIn, type Failure, failureOf } from "@/deployments/failure";
import type { DeploymentLog } from "@/deployments/useDeploymentLog";
import { t, tWord } from "@/i18n";
import { LogText } from "@/logs/LogText";

interface ReasonProps {
  deployment: Deployment;
  app: App | undefined;
  log: DeploymentLog;
  /** The deployment that came after it, 0 when none is known. */
  newer: number;
}

/** Why a deployment ended without success: first, and big, with what was said last. */
export function Reason({ deployment: d, app, log, newer }: ReasonProps) {
  if (d.state === "failed")
    return <FailureCard d={d} app={app} failure={failureOf(d, log.log)} waits={!log.caughtUp} />;
  if (d.state !== "cancelled" && d.state !== "superseded") return null;
  const who = /^cancelled by (\S+)$/.exec(d.reason)?.[1];
  const waited = !d.started_at;
  // The link says which one came; the server's sentence would say it again.
  const reason = who || d.superseded_by > 0 || d.reason === d.state ? "" : d.reason;
  return (
    <div className="mb-5 flex gap-3 rounded-lg border bg-surface-2 px-4 py-3" role="status">
      <CircleSlash size={18} className="mt-0.5 shrink-0 text-text-3" aria-hidden />
      <div className="min-w-0">
        <p className="break-words font-semibold">
          {who ? t("reason.cancelled_by", { who }) : tWord("reason_title", d.state)}
        </p>
        <p className="break-words text-text-2">
          {waited ? t("reason.in_queue") : app?.live_release ? t("reason.nothing_changed") : ""}{" "}
          {reason && <span lang="en">{reason} </span>}
          {newer > 0 && (
            <Link
              to="/apps/$app/deployments/$number"
              params={{ app: d.app, number: String(newer) }}
              className="link"
            >
              {t("reason.newer", { n: newer })}
            </Link>
          )}
        </p>
      </div>
    </div>
  );
}

interface FailureCardProps {
  d: Deployment;
  app: App | undefined;
  failure: Failure;
  /** The log is still on its way; its place is kept. */
  waits: boolean;
}

function FailureCard({ d, app, failure: f, waits }: FailureCardProps) {
  const live = app?.live_release?.version;
  const title = app && !live ? t("reason.nothing_live") : t("reason_title.failed");
  const meaning = exitWords(f);
  return (
    <section
      role="alert"
      className="mb-5 overflow-hidden rounded-lg border border-bad-mark/40 bg-bad-soft"
      aria-label={title}
    >
      <div className="flex gap-3 px-4 pt-4 pb-3 sm:px-5">
        <CircleAlert size={22} className="mt-0.5 shrink-0 text-bad" aria-hidden />
        <div className="min-w-0 flex-1">
          <p className="text-bad text-sm">{title}</p>
          <p
            className="mt-1 whitespace-pre-wrap break-words font-semibold text-bad text-lg"
            lang={f.reason && "en"}
          >
            {f.reason || t("reason.none")}
          </p>
          {(meaning || live) && (
            <p className="mt-1 text-sm text-text-2">
              {meaning} {live ? t("reason.still_live", { v: live }) : ""}
            </p>
          )}
        </div>
        {f.reason && <CopyButton text={copied(d, f)} label={t("reason.copy")} />}
      </div>
      {(f.lines.length > 0 || waits) && (
        <figure className="min-h-20 border-bad-mark/25 border-t bg-log-bg">
          <figcaption className="px-4 pt-2 text-text-3 text-xs sm:px-5">
            {f.instance && t("reason.last_of_instance", { instance: f.instance })}
            {!f.instance && f.step && t("reason.last_of_step", { step: f.step.name })}
          </figcaption>
          <div className="max-h-72 overflow-y-auto px-4 pt-1 pb-3 font-mono text-sm sm:px-5">
            {f.lines.map((line) => (
              <div key={line.seq} className="min-h-5 whitespace-pre-wrap [overflow-wrap:anywhere]">
                <LogText text={line.text} />
              </div>
            ))}
          </div>
        </figure>
      )}
    </section>
  );
}

/** The exit code, unless the reason says it already, and what it means where all programs agree. */
function exitWords({ exitCode: code, reason }: Failure): string {
  if (code === undefined) return "";
  const meaning = tWord("exit", String(code));
  if (meaning !== String(code)) return t("reason.exit_meaning", { code, meaning });
  return exitCodeIn(reason) === code ? "" : t("reason.exit", { code });
}

/** What is worth sending to somebody who can help. */
function copied(d: Deployment, f: Failure): string {
  const head = `${d.app} #${d.number}: ${f.reason}`;
  return [head, ...f.lines.map((line) => line.text)].join("\n");
}
