import { type Deployment, terminal } from "@/api/types";
import type { Marks } from "./marks";

export type PhaseName = "queued" | "building" | "releasing" | "deploying";
export type PhaseStatus = "waiting" | "running" | "done" | "failed" | "skipped" | "unreached" | "cancelled";

export interface Span {
  status: PhaseStatus;
  /** Milliseconds since 1970; absent where it was not reached. */
  from: number | undefined;
  to: number | undefined;
}

export interface Phase extends Span {
  name: PhaseName;
}

/** What deploying is made of. */
export interface Part extends Span {
  name: "health" | "switch" | "drain";
}

/** What is left of the releases before, once the new one has the traffic. */
export interface Draining {
  /** Instances that still end their requests. */
  instances: number;
  versions: number[];
  /** When the last was seen to be gone; absent when nobody watched. */
  endedAt: number | undefined;
  /** There was nothing before it. */
  none: boolean;
  /** The release before, where its instances are kept running for a while on purpose. */
  warm?: { version: number; until: string };
}

const order: PhaseName[] = ["queued", "building", "releasing", "deploying"];
const builds = new Set(["push", "upload", "git", "webhook"]);

const at = (time: string | undefined) => (time ? Date.parse(time) : undefined);

/** The phases of a deployment with when each began and ended, as far as is known. */
export function timeline(d: Deployment): Phase[] {
  const created = Date.parse(d.created_at);
  const started = at(d.started_at);
  const built = at(d.built_at);
  const released = at(d.released_at);
  const finished = at(d.finished_at);
  // A release that existed before is not written again.
  const reused = released === undefined && (d.state === "deploying" || d.state === "succeeded");

  // Retrying what was built, and changing what is no source, builds nothing.
  const building = d.build !== undefined || builds.has(d.trigger);
  const phases: Phase[] = [
    { name: "queued", status: "waiting", from: created, to: started },
    {
      name: "building",
      status: "waiting",
      from: building ? started : undefined,
      to: building ? built : undefined,
    },
    {
      name: "releasing",
      status: "waiting",
      from: reused ? undefined : building ? built : started,
      to: released,
    },
    { name: "deploying", status: "waiting", from: reused ? (built ?? started) : released, to: undefined },
  ];
  const over = terminal(d.state);
  let current = over ? lastReached(phases) : order.indexOf(d.state as PhaseName);
  if (d.state === "succeeded") current = phases.length;
  phases.forEach((phase, i) => {
    if (phase.name === "building" && !building && i !== current) phase.status = "skipped";
    else if (phase.name === "releasing" && reused) phase.status = "skipped";
    else if (i < current) phase.status = "done";
    else if (i > current) phase.status = over ? "unreached" : "waiting";
    else phase.status = !over ? "running" : d.state === "failed" ? "failed" : "cancelled";
    if (i > current) phase.from = phase.to = undefined;
    else if (i === current) phase.to = finished;
    else if (phase.from !== undefined) phase.to ??= finished;
  });
  if (d.state === "succeeded") {
    const last = phases.at(-1);
    if (last) last.to = finished;
  }
  return phases;
}

/** Of one that is over, how far it got: the last phase that began. */
function lastReached(phases: Phase[]): number {
  let reached = 0;
  phases.forEach((phase, i) => {
    if (phase.from !== undefined) reached = i;
  });
  return reached;
}

/**
 * What deploying is made of: waiting for health, switching the traffic, and,
 * after the deployment has succeeded, the draining of what was live before.
 */
export function partsOf(deploying: Span, marks: Marks | undefined, draining: Draining): Part[] {
  const { status, from, to } = deploying;
  const nowhere = { from: undefined, to: undefined };
  if (from === undefined) {
    return (["health", "switch", "drain"] as const).map((name) => ({ name, status, ...nowhere }));
  }
  const healthy = marks?.allHealthyAt;
  const switched = marks?.switchedAt;
  const done = status === "done";
  const pending: PhaseStatus = status === "running" ? "waiting" : "unreached";
  if (!done && healthy === undefined) {
    return [
      { name: "health", status, from, to },
      { name: "switch", status: pending, ...nowhere },
      { name: "drain", status: pending, ...nowhere },
    ];
  }
  const healthTo = healthy ?? to;
  return [
    { name: "health", status: "done", from, to: healthTo },
    // What is known only as a whole is not split by guessing.
    {
      name: "switch",
      status,
      from: healthy === undefined ? undefined : healthy,
      to: healthy === undefined ? undefined : (switched ?? to),
    },
    done ? drainOf(to, draining) : { name: "drain", status: pending, ...nowhere },
  ];
}

function drainOf(from: number | undefined, draining: Draining): Part {
  if (draining.none) return { name: "drain", status: "skipped", from: undefined, to: undefined };
  if (draining.instances > 0) return { name: "drain", status: "running", from, to: undefined };
  if (draining.warm) return { name: "drain", status: "waiting", from: undefined, to: undefined };
  const seen = draining.endedAt !== undefined;
  return { name: "drain", status: "done", from: seen ? from : undefined, to: draining.endedAt };
}

/** Where a span lies within a whole, in hundredths of it, for drawing. */
export function share(
  span: Span,
  whole: { from: number; to: number },
  now: number,
): { left: number; width: number } | undefined {
  if (span.from === undefined) return undefined;
  const length = Math.max(1, whole.to - whole.from);
  const left = Math.min(100, Math.max(0, ((span.from - whole.from) / length) * 100));
  const width = Math.min(100 - left, Math.max(0, (((span.to ?? now) - span.from) / length) * 100));
  return { left, width };
}

/** How long the whole took, or has taken until now. */
export function elapsed(d: Deployment, now: number): number {
  return (at(d.finished_at) ?? now) - Date.parse(d.created_at);
}
