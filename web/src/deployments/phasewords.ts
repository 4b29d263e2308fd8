import type { Deployment, Instance, Release } from "@/api/types";
import { t, tn, tWord } from "@/i18n";
import type { BuildLog } from "./buildlog";
import type { Draining, Part, Phase } from "./timeline";
import { bytes, ordinal, timeOfDay } from "./words";

/** What is known about a deployment beside its row. */
export interface Around {
  log: BuildLog | undefined;
  /** Those that go before it, the next in turn first. */
  ahead: readonly Deployment[];
  /** The instances of the release it rolls out. */
  instances: readonly Instance[];
  /** How many instances of each process are wanted. */
  scale: Record<string, number>;
  release: Release | undefined;
  draining: Draining;
}

/** What a phase waits for, or how it ended, in words. */
export function phaseWords(phase: Phase, d: Deployment, around: Around): string {
  if (phase.status === "running") {
    if (phase.name === "deploying") return ""; // its parts say it
    if (d.cancel_requested) return t("timeline.stopping");
    if (phase.name === "queued") return queueWords(d, around.ahead);
    if (phase.name === "building") return buildWords(d, around.log);
    return tWord("phase_running", "releasing");
  }
  const word = tWord("phase_status", phase.status);
  const detail = phase.status === "done" || phase.status === "failed" ? phaseDetail(phase, d, around) : "";
  return detail ? t("timeline.with", { word, detail }) : word;
}

function queueWords(d: Deployment, ahead: readonly Deployment[]): string {
  if (d.queue_position === 0) return tWord("phase_running", "queued");
  const place = ordinal(d.queue_position + 1);
  const next = ahead[0];
  if (!next) return t("timeline.queue_place", { place });
  return t("timeline.queue_behind", {
    place,
    n: next.number,
    app: next.app,
    state: tWord("state_low", next.state),
  });
}

function buildWords(d: Deployment, log: BuildLog | undefined): string {
  if (d.build_position > 0) return t("timeline.build_place", { place: ordinal(d.build_position) });
  if (log?.marks.waitsForSlot) return t("timeline.no_slot");
  const step = log?.stepThat("running");
  return step ? t("timeline.step", { step: step.name }) : tWord("phase_running", "building");
}

function phaseDetail(phase: Phase, d: Deployment, { log }: Around): string {
  if (phase.name === "building") {
    const totals = log?.totals;
    const parts = [];
    if (totals?.steps) parts.push(tn("build.steps_short", totals.steps));
    if (totals?.cached) parts.push(t("build.cached_count", { n: totals.cached }));
    if (log?.marks.imageBytes) parts.push(bytes(log.marks.imageBytes));
    return parts.join(t("timeline.and"));
  }
  return phase.name === "releasing" && d.release > 0 ? `v${d.release}` : "";
}

/** What a part of deploying waits for, or how it ended, in words. */
export function partWords(part: Part, d: Deployment, around: Around): string {
  if (part.status === "running") {
    if (part.name === "drain") {
      const versions = around.draining.versions.map((v) => `v${v}`).join(", ");
      return t("timeline.draining", {
        instances: tn("timeline.instances", around.draining.instances),
        versions,
      });
    }
    if (d.cancel_requested) return t("timeline.stopping");
    return part.name === "switch" ? t("timeline.switching") : healthWords(d, around);
  }
  if (part.status === "failed" && part.name === "health") {
    const instance = around.log?.marks.failedInstance;
    if (instance) return t("timeline.not_healthy", { instance });
  }
  const { warm } = around.draining;
  if (part.status === "waiting" && part.name === "drain" && warm) {
    return t("timeline.kept_warm", { v: warm.version, at: timeOfDay(warm.until) });
  }
  if (part.status === "skipped" && part.name === "drain") return t("timeline.nothing_before");
  return tWord("phase_status", part.status);
}

/** "waiting for 1 of 2 instances of web to pass GET /healthz". */
export function healthWords(d: Deployment, around: Around): string {
  const mine = around.instances.filter((i) => i.release === d.release);
  for (const [process, started] of wanted(around)) {
    const well = mine.filter((i) => i.process === process && i.state === "healthy").length;
    const missing = started - well;
    if (missing <= 0) continue;
    const shape = around.release?.processes.find((p) => p.name === process);
    const values = { missing, all: tn("timeline.instances", started), process };
    if (!shape || shape.port === 0) return t("timeline.wait_run", values);
    if (!shape.health_path) return t("timeline.wait_port", { ...values, port: shape.port });
    return t("timeline.wait_path", { ...values, check: `GET ${shape.health_path}` });
  }
  return tWord("phase_running", "deploying");
}

/** How many instances of each process were started, or will be; what takes requests first. */
function wanted({ log, scale, release }: Around): [string, number][] {
  const started = log?.marks.started;
  const all: [string, number][] = started?.size
    ? [...started]
    : (release?.processes ?? []).map((p) => [p.name, scale[p.name] ?? 1]);
  return all.sort(([a], [b]) => Number(b === "web") - Number(a === "web"));
}
