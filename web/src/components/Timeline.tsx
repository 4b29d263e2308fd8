import { Ban, Check, Minus, X } from "lucide-react";
import type { ReactNode } from "react";
import { type Deployment, terminal } from "@/api/types";
import { type Phase, type PhaseStatus, timeline } from "@/deployments/timeline";
import { t, tWord } from "@/i18n";
import { cx } from "@/lib/cx";
import { duration, useNow } from "@/lib/time";
import { BusyDot } from "./ui/status";

const marks: Record<PhaseStatus, [className: string, icon: ReactNode]> = {
  waiting: ["border border-border-strong/60 text-text-3", null],
  running: ["bg-accent-soft text-accent-text", <BusyDot key="i" />],
  done: ["bg-ok-soft text-ok", <Check key="i" size={14} strokeWidth={2.5} aria-hidden />],
  failed: ["bg-bad-soft text-bad", <X key="i" size={14} strokeWidth={2.5} aria-hidden />],
  skipped: ["text-text-3", <Minus key="i" size={14} aria-hidden />],
  unreached: ["text-text-3", <Minus key="i" size={14} aria-hidden />],
  cancelled: ["bg-surface-2 text-text-2", <Ban key="i" size={13} aria-hidden />],
};

/** The phases of a deployment, side by side with how long each took. */
export function Timeline({ deployment: d }: { deployment: Deployment }) {
  const now = useNow(1000, !terminal(d.state));
  const phases = timeline(d);
  return (
    <ol
      className="grid grid-cols-1 gap-px overflow-hidden sm:grid-cols-4 sm:divide-x"
      aria-label={t("timeline.label")}
    >
      {phases.map((phase) => (
        <PhaseItem key={phase.name} phase={phase} deployment={d} now={now} />
      ))}
    </ol>
  );
}

function PhaseItem({ phase, deployment: d, now }: { phase: Phase; deployment: Deployment; now: number }) {
  const [className, icon] = marks[phase.status];
  const took = phase.from === undefined ? undefined : (phase.to ?? now) - phase.from;
  return (
    <li
      className={cx("flex items-start gap-3 px-4 py-3 sm:py-4", phase.status === "waiting" && "text-text-3")}
    >
      <span className={cx("mt-px grid size-6 shrink-0 place-items-center rounded-full", className)}>
        {icon}
      </span>
      <div className="min-w-0 flex-1">
        <div className="flex items-baseline justify-between gap-2">
          <span
            className={cx(
              "font-medium",
              (phase.status === "skipped" || phase.status === "unreached") && "text-text-3",
            )}
          >
            {tWord("phase", phase.name)}
          </span>
          <span className="font-mono text-sm tabular-nums">
            {took !== undefined && phase.status !== "skipped" && phase.status !== "waiting"
              ? duration(took)
              : ""}
          </span>
        </div>
        <p className="text-sm text-text-3">{phaseWords(phase, d)}</p>
      </div>
    </li>
  );
}

function phaseWords(phase: Phase, d: Deployment): string {
  if (phase.status === "running" && phase.name === "queued" && d.queue_position > 0) {
    return t("deployment.behind", { n: d.queue_position });
  }
  if (phase.status === "running") return tWord("phase_running", phase.name);
  return tWord("phase_status", phase.status);
}
