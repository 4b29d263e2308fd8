import { Ban, Check, Minus, X } from "lucide-react";
import type { ReactNode } from "react";
import { type Deployment, terminal } from "@/api/types";
import { type Around, partWords, phaseWords } from "@/deployments/phasewords";
import { type PhaseStatus, partsOf, type Span, share, timeline } from "@/deployments/timeline";
import { timeOfDay } from "@/deployments/words";
import { t, tWord } from "@/i18n";
import { cx } from "@/lib/cx";
import { duration, exactly, useNow } from "@/lib/time";
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

const bars: Partial<Record<PhaseStatus, string>> = {
  running: "bg-accent animate-breathe",
  done: "bg-ok-mark",
  failed: "bg-bad-mark",
  cancelled: "bg-border-strong",
};

const muted = (status: PhaseStatus) => status === "skipped" || status === "unreached" || status === "waiting";

interface TimelineProps {
  deployment: Deployment;
  around: Around;
}

/** The phases of a deployment one under the other: what each waits for, how long it took, and its share of the whole. */
export function Timeline({ deployment: d, around }: TimelineProps) {
  const over = terminal(d.state);
  const drains = around.draining.instances > 0;
  const now = useNow(200, !over || drains);
  const phases = timeline(d);
  const deploying = phases[3];
  const parts = deploying ? partsOf(deploying, around.log?.marks, around.draining) : [];
  const end = Math.max(...[...phases, ...parts].map((one) => one.to ?? (one.status === "running" ? now : 0)));
  const whole = { from: Date.parse(d.created_at), to: end };
  const row = { whole, now, deadline: over ? undefined : d.phase_deadline };
  return (
    <ol className="divide-y" aria-label={t("timeline.label")}>
      {phases.map((phase) => (
        <li key={phase.name}>
          <Row {...row} span={phase} name={tWord("phase", phase.name)} words={phaseWords(phase, d, around)} />
          {phase.name === "deploying" && phase.from !== undefined && (
            <ul className="pb-1.5" aria-label={t("timeline.parts")}>
              {parts.map((part) => (
                <li key={part.name}>
                  <Row
                    {...row}
                    deadline={part.name === "drain" ? undefined : row.deadline}
                    part
                    span={part}
                    name={tWord("phase_part", part.name)}
                    words={partWords(part, d, around)}
                  />
                </li>
              ))}
            </ul>
          )}
        </li>
      ))}
    </ol>
  );
}

interface RowProps {
  span: Span;
  name: string;
  words: string;
  whole: { from: number; to: number };
  now: number;
  deadline: string | undefined;
  part?: boolean;
}

function Row({ span, name, words, whole, now, deadline, part }: RowProps) {
  const [className, icon] = marks[span.status];
  const took =
    span.from === undefined || span.status === "skipped" ? undefined : (span.to ?? now) - span.from;
  const gives = span.status === "running" && deadline && words !== "" ? deadline : undefined;
  return (
    <div
      className={cx(
        "grid grid-cols-[1.5rem_minmax(0,1fr)_5.5rem] items-center gap-x-3 px-4 sm:px-5",
        "md:grid-cols-[1.5rem_8.5rem_minmax(0,1fr)_minmax(7rem,28%)_5.5rem]",
        part ? "py-1" : "py-2",
      )}
    >
      <span
        className={cx(
          "row-span-2 grid shrink-0 place-items-center self-start rounded-full md:row-span-1 md:self-center",
          part ? "ml-1 size-4 [&_svg]:size-2.5" : "size-6",
          className,
        )}
      >
        {icon}
      </span>
      <span
        className={cx(
          "min-w-0",
          part ? "text-sm text-text-2" : "font-medium",
          muted(span.status) && "text-text-3",
        )}
      >
        {name}
      </span>
      <span className="order-last col-start-2 col-end-4 min-w-0 text-sm text-text-3 md:order-none md:col-auto">
        <span className={cx("block break-words", !part && "md:truncate")} title={words}>
          {words}
        </span>
        {gives && <GivesUp when={gives} />}
      </span>
      <Bar span={span} whole={whole} now={now} />
      <span className="whitespace-nowrap text-right font-mono text-sm tabular-nums">
        {took !== undefined && !muted(span.status) ? duration(took) : ""}
      </span>
    </div>
  );
}

function GivesUp({ when }: { when: string }) {
  return (
    <time dateTime={when} title={exactly(when)} className="block tabular-nums">
      {t("timeline.gives_up", { at: timeOfDay(when) })}
    </time>
  );
}

function Bar({ span, whole, now }: { span: Span; whole: { from: number; to: number }; now: number }) {
  const at = share(span, whole, now);
  const colour = bars[span.status];
  return (
    <span
      className={cx(
        "relative order-last col-start-2 col-end-4 mt-1.5 h-1 rounded-full bg-surface-2 md:order-none md:col-auto md:mt-0 md:block md:h-1.5",
        !(at && colour) && "hidden",
      )}
      aria-hidden
    >
      {at && colour && (
        <span
          className={cx("absolute inset-y-0 min-w-1 rounded-full", colour)}
          style={{ left: `min(${at.left}%, calc(100% - 4px))`, width: `${at.width}%` }}
        />
      )}
    </span>
  );
}
