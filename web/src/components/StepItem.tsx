import { Check, ChevronRight, CircleSlash, LoaderCircle, X, Zap } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import type { StepStatus, StepView } from "@/deployments/buildlog";
import { t, tn, tWord } from "@/i18n";
import { cx } from "@/lib/cx";
import { duration } from "@/lib/time";
import { LogText } from "@/logs/LogText";
import { OutputLines } from "./OutputLines";

const icons: Record<StepStatus, ReactNode> = {
  running: <LoaderCircle size={15} className="animate-spinner text-accent-text" aria-hidden />,
  done: <Check size={15} className="text-ok" strokeWidth={2.5} aria-hidden />,
  cached: <Zap size={15} className="text-ok" aria-hidden />,
  failed: <X size={15} className="text-bad" strokeWidth={2.5} aria-hidden />,
  stopped: <CircleSlash size={14} className="text-text-3" aria-hidden />,
};

// A step that is over sooner is not opened: a page that jumps is no help.
const worthOpening = 1000;

interface StepItemProps {
  step: StepView;
  /** How many lines it has: the step itself is changed in place. */
  lineCount: number;
  now: number;
  /** What somebody chose; until then it is open while it runs and when it failed. */
  chosen: boolean | undefined;
  onChoose: (open: boolean) => void;
}

/** Says whether a step has anything to unfold. */
export const holdsMore = (step: StepView, lineCount: number) => lineCount > 0 || step.error !== "";

/** A build step with its output folded under it. */
export function StepItem({ step, lineCount, now, chosen, onChoose }: StepItemProps) {
  const id = useId();
  const head = useRef<HTMLDivElement>(null);
  const failed = step.status === "failed";
  const holds = holdsMore(step, lineCount);
  const took = step.durationMs ?? Math.max(0, now - step.startedAt);
  const open = holds && (chosen ?? (failed || (step.status === "running" && took >= worthOpening)));

  // One that fails before the reader's eyes is brought into sight; one that had failed
  // already is found where it stands.
  const hadFailed = useRef(failed);
  useEffect(() => {
    if (failed && !hadFailed.current) head.current?.scrollIntoView?.({ block: "nearest" });
  }, [failed]);
  return (
    <div ref={head}>
      <button
        type="button"
        data-step
        aria-expanded={holds ? open : undefined}
        aria-controls={open ? id : undefined}
        disabled={!holds}
        onClick={() => onChoose(!open)}
        className="-outline-offset-2! flex w-full items-center gap-2.5 px-4 py-2 text-left hover:not-disabled:bg-surface-2/70 sm:px-5"
      >
        <ChevronRight
          size={14}
          aria-hidden
          className={cx(
            "shrink-0 text-text-3 transition-transform",
            open && "rotate-90",
            !holds && "invisible",
          )}
        />
        <span className="shrink-0">{icons[step.status]}</span>
        <span
          className={cx(
            "min-w-0 flex-1 font-mono text-sm",
            open ? "break-words" : "truncate",
            failed && "text-bad",
          )}
          title={step.name}
        >
          {step.name}
        </span>
        {lineCount > 0 && (
          <span className="hidden shrink-0 text-text-3 text-xs sm:inline">
            {tn("build.lines", lineCount)}
          </span>
        )}
        <span className="shrink-0 whitespace-nowrap text-right font-mono text-sm text-text-2 tabular-nums sm:w-24">
          {step.status === "cached" ? t("build.cached") : step.status === "stopped" ? "" : duration(took)}
        </span>
        <span className="sr-only">{tWord("step_status", step.status)}</span>
      </button>
      {open && (
        <div id={id} className="border-t">
          {failed && step.error && (
            <p className="whitespace-pre-wrap break-words bg-bad-soft px-4 py-2 font-mono text-bad text-sm sm:px-5">
              <LogText text={step.error} />
            </p>
          )}
          {lineCount > 0 && <OutputLines lines={step.lines} count={lineCount} dropped={step.dropped} />}
        </div>
      )}
    </div>
  );
}
