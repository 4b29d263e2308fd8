import { Ban, CircleCheck, CircleDashed, CircleX } from "lucide-react";
import type { ReactNode } from "react";
import type { ClusterNode } from "@/api/types";
import { Badge, BusyDot, type Tone } from "@/components/ui/status";
import { num, t, tWord } from "@/i18n";
import { cx } from "@/lib/cx";
import { type InstanceState, shapes, states } from "./model";

/** The colours of what instances do; each has a shape of its own as well. */
export const fills: Record<InstanceState, string> = {
  healthy: "fill-ok-mark",
  starting: "fill-accent",
  unhealthy: "fill-warn-mark",
  exited: "fill-bad-mark",
};

/** The mark of one instance. */
export function Mark({ state, className }: { state: InstanceState; className?: string }) {
  return (
    <svg viewBox="0 0 8 8" className={cx("size-3 shrink-0", fills[state], className)} aria-hidden>
      <path fillRule="evenodd" d={shapes[state](1, 1)} />
    </svg>
  );
}

/** Says how many instances do what; those that do nothing else than being healthy are said in a word. */
export function StateCounts({ counts, className }: { counts: ClusterNode["states"]; className?: string }) {
  return (
    <span className={cx("inline-flex flex-wrap items-center gap-x-3 gap-y-0.5 tabular-nums", className)}>
      {states
        .filter((state) => counts[state] > 0)
        .map((state) => (
          <span key={state} className="inline-flex items-center gap-1.5 whitespace-nowrap">
            <Mark state={state} />
            {num(counts[state])} <span className="text-text-3">{tWord("instance_state", state)}</span>
          </span>
        ))}
    </span>
  );
}

/** What the marks mean. */
export function Legend() {
  return (
    <ul className="flex flex-wrap gap-x-4 gap-y-1 text-text-3 text-xs" aria-label={t("nodes.legend")}>
      {states.map((state) => (
        <li key={state} className="inline-flex items-center gap-1.5">
          <Mark state={state} />
          {tWord("instance_state", state)}
        </li>
      ))}
    </ul>
  );
}

const size = { size: 13, strokeWidth: 2.5, "aria-hidden": true } as const;

const nodeTones: Record<ClusterNode["state"], [Tone, ReactNode]> = {
  ready: ["ok", <CircleCheck key="i" {...size} />],
  drained: ["warn", <Ban key="i" {...size} />],
  down: ["bad", <CircleX key="i" {...size} />],
  starting: ["busy", <BusyDot key="i" />],
};

export function NodeBadge({ state }: { state: ClusterNode["state"] }) {
  const [tone, icon] = nodeTones[state] ?? ["idle", <CircleDashed key="i" {...size} />];
  return (
    <Badge tone={tone} icon={icon}>
      {tWord("nodes.state", state)}
    </Badge>
  );
}

export function ClusterBadge({ state }: { state: "ready" | "away" }) {
  return state === "ready" ? (
    <Badge tone="ok" icon={<CircleCheck {...size} />}>
      {t("clusters.state.ready")}
    </Badge>
  ) : (
    <Badge tone="bad" icon={<CircleX {...size} />}>
      {t("clusters.state.away")}
    </Badge>
  );
}
