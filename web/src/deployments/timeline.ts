import { type Deployment, terminal } from "@/api/types";

export type PhaseName = "queued" | "building" | "releasing" | "deploying";
export type PhaseStatus = "waiting" | "running" | "done" | "failed" | "skipped" | "unreached" | "cancelled";

export interface Phase {
  name: PhaseName;
  status: PhaseStatus;
  /** Milliseconds since 1970; absent where it was not reached. */
  from: number | undefined;
  to: number | undefined;
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

/** How long the whole took, or has taken until now. */
export function elapsed(d: Deployment, now: number): number {
  return (at(d.finished_at) ?? now) - Date.parse(d.created_at);
}
