import { Link } from "@tanstack/react-router";
import { GitBranch, GitCommitHorizontal } from "lucide-react";
import { useId, useLayoutEffect, useRef, useState } from "react";
import type { App, Deployment } from "@/api/types";
import { CopyButton } from "@/components/ui/copy";
import { Badge, DeploymentBadge } from "@/components/ui/status";
import { Ago } from "@/components/ui/time";
import { askedBy, deploymentWords, shortRef } from "@/deployments/words";
import { t, tWord } from "@/i18n";
import { Say } from "@/i18n/Say";
import { cx } from "@/lib/cx";
import { shortCommit } from "@/lib/url";
import { Actions } from "./Actions";

const noCommit = new Set(["upload", "image"]);

/** The head of a deployment's page: what, who, when, from where, to which release. */
export function Head({ deployment: d, app }: { deployment: Deployment; app: App | undefined }) {
  const words = deploymentWords(d);
  const live = d.state === "succeeded" && d.release > 0 && app?.live_release?.version === d.release;
  return (
    <div className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0 max-w-3xl flex-1 basis-80">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <h1 className="text-page-title">{t("deployment.title", { n: d.number })}</h1>
          <DeploymentBadge state={d.state} />
          <span className="sr-only" role="status">
            {t("deployment.now", { n: d.number, state: tWord("state", d.state) })}
          </span>
          {live && <Badge tone="ok">{t("releases.live")}</Badge>}
        </div>
        {words !== tWord("trigger", d.trigger) && <LongText text={words} />}
        <p className="mt-1 flex flex-wrap items-center gap-x-2.5 gap-y-0.5 text-sm text-text-3">
          <span>
            <Say
              k="deployment.by"
              values={{
                trigger: tWord("trigger", d.trigger),
                who: <span className="[overflow-wrap:anywhere]">{askedBy(d)}</span>,
                ago: <Ago when={d.created_at} />,
              }}
            />
          </span>
          {d.source_ref && (
            <span className="inline-flex min-w-0 items-center gap-1 font-mono text-xs" title={d.source_ref}>
              <GitBranch size={13} className="shrink-0" aria-hidden />
              <span className="break-all">{shortRef(d.source_ref)}</span>
            </span>
          )}
          {d.commit && (
            <span className="inline-flex items-center gap-1 font-mono text-xs" title={d.commit}>
              <GitCommitHorizontal size={13} aria-hidden />
              {shortCommit(d.commit)}
              <CopyButton text={d.commit} label={t("deployment.copy_commit")} />
            </span>
          )}
          {!d.commit && noCommit.has(d.trigger) && <span>{tWord("no_commit", d.trigger)}</span>}
          {d.image && d.image !== words && <span className="break-all font-mono text-xs">{d.image}</span>}
          {d.build?.builder && (
            <span>{t("deployment.builder", { builder: tWord("builder", d.build.builder) })}</span>
          )}
          {d.release > 0 && (
            <Link to="/apps/$app/releases" params={{ app: d.app }} hash={`v${d.release}`} className="link">
              {t("deployment.release", { v: d.release })}
            </Link>
          )}
          {d.release > 1 && d.from_release === 0 && (
            <Link
              to="/apps/$app/releases/compare"
              params={{ app: d.app }}
              search={{ to: d.release }}
              className="link"
            >
              {t("deployment.what_changed")}
            </Link>
          )}
        </p>
      </div>
      <Actions deployment={d} app={app} />
    </div>
  );
}

/** Text that is cut after three lines, until somebody wants all of it. */
function LongText({ text }: { text: string }) {
  const [all, setAll] = useState(false);
  const [cut, setCut] = useState(false);
  const words = useRef<HTMLParagraphElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const measure = () => {
      const p = words.current;
      if (p && !all) setCut(p.scrollHeight > p.clientHeight + 1);
    };
    measure();
    window.addEventListener("resize", measure);
    return () => window.removeEventListener("resize", measure);
  }, [all]);
  return (
    <div className="mt-1">
      <p ref={words} id={id} className={cx("break-words", !all && "line-clamp-3")}>
        {text}
      </p>
      {cut && (
        <button
          type="button"
          className="link rounded-sm text-sm"
          aria-expanded={all}
          aria-controls={id}
          onClick={() => setAll(!all)}
        >
          {all ? t("deployment.less") : t("deployment.whole_message")}
        </button>
      )}
    </div>
  );
}
