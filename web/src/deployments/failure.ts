import type { Deployment, Line } from "@/api/types";
import type { BuildLog, StepView } from "./buildlog";

export interface Failure {
  /** What failed: a step of the build, an instance of the new release, or something else. */
  kind: "step" | "instance" | "other";
  reason: string;
  step: StepView | undefined;
  instance: string;
  exitCode: number | undefined;
  /** What it said last. */
  lines: readonly Line[];
}

const shown = 14;
const exits = [/exit(?:ed with)? code:? (\d{1,3})\b/, /exit status (\d{1,3})\b/];

/** The code that something ended with, when its reason names one. */
export function exitCodeIn(reason: string): number | undefined {
  for (const pattern of exits) {
    const found = pattern.exec(reason);
    if (found) return Number(found[1]);
  }
  return undefined;
}

/** Why a deployment failed, with what said so last. */
export function failureOf(d: Deployment, log: BuildLog | undefined): Failure {
  const reason = d.reason || d.build?.error || "";
  const step = log?.stepThat("failed");
  const instance = log?.marks.failedInstance || (/^(\S+\.v\d+\.\d+): /.exec(reason)?.[1] ?? "");
  const exitCode = exitCodeIn(reason) ?? exitCodeIn(step?.error ?? "");
  if (instance) {
    const lines = log?.marks.lastWords.slice(-shown) ?? [];
    return { kind: "instance", reason, step: undefined, instance, exitCode, lines };
  }
  if (step) return { kind: "step", reason, step, instance, exitCode, lines: step.lines.slice(-shown) };
  return { kind: "other", reason, step: undefined, instance, exitCode, lines: [] };
}
