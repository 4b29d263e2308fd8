import type { Gap, Line, Step } from "@/api/types";
import { Marks } from "./marks";

export type StepStatus = "running" | "done" | "cached" | "failed" | "stopped";

export interface StepView {
  id: string;
  name: string;
  status: StepStatus;
  startedAt: number;
  durationMs: number | undefined;
  error: string;
  internal: boolean;
  lines: Line[];
  /** Lines that were let go to keep memory bounded. */
  dropped: number;
}

/** What a deployment's log shows, in order: words, steps, marks. */
export type Block =
  | { kind: "step"; step: StepView }
  | { kind: "lines"; id: string; source: string; lines: Line[]; dropped: number }
  | { kind: "gap"; gap: Gap };

export interface BuildTotals {
  steps: number;
  cached: number;
  /** From the first step's beginning to the last one's end; absent while one runs. */
  ms: number | undefined;
}

const maxLines = 20_000;

/** Folds the lines of a deployment's stream into steps with their output. */
export class BuildLog {
  readonly blocks: Block[] = [];
  /** What the lines tell of the rollout. */
  readonly marks = new Marks();
  private readonly steps = new Map<string, StepView>();
  private seq = 0;
  private cutAt: number | undefined;

  get cursor(): number {
    return this.seq;
  }

  /** When the connection was lost, while it is. */
  get lostAt(): number | undefined {
    return this.cutAt;
  }

  addLines(lines: readonly Line[]): void {
    for (const line of lines) {
      if (line.seq <= this.seq) continue;
      this.seq = line.seq;
      this.marks.take(line);
      if (line.step) this.takeStep(line.step, line);
      else if (line.step_id) this.takeOutput(line.step_id, line);
      else if (line.text || !line.state) this.takeWords(line);
    }
  }

  addGap(gap: Gap): void {
    if (gap.to <= this.seq) return;
    this.seq = gap.to;
    this.blocks.push({ kind: "gap", gap });
  }

  cut(at: number): void {
    this.cutAt ??= at;
  }

  resumed(): void {
    this.cutAt = undefined;
  }

  /** The deployment ended: a step that never did has been stopped with it. */
  end(failed: boolean): void {
    for (const step of this.steps.values()) {
      if (step.status === "running") step.status = failed ? "failed" : "stopped";
    }
  }

  /** How many steps the build has, how many came from the cache, and how long all took. */
  get totals(): BuildTotals {
    let steps = 0;
    let cached = 0;
    let from = Number.POSITIVE_INFINITY;
    let to = 0;
    let runs = false;
    for (const step of this.steps.values()) {
      from = Math.min(from, step.startedAt);
      to = Math.max(to, step.startedAt + (step.durationMs ?? 0));
      runs ||= step.status === "running";
      if (step.internal) continue;
      steps++;
      if (step.status === "cached") cached++;
    }
    return { steps, cached, ms: runs || to === 0 ? undefined : to - from };
  }

  /** The step that runs now, the newest of several; or the one that failed. */
  stepThat(status: "running" | "failed"): StepView | undefined {
    let found: StepView | undefined;
    for (const step of this.steps.values()) {
      if (step.status !== status) continue;
      if (!found || found.internal || !step.internal) found = step;
    }
    return found;
  }

  private stepOf(id: string, line: Line): StepView {
    let view = this.steps.get(id);
    if (!view) {
      view = {
        id,
        name: "",
        status: "running",
        startedAt: Date.parse(line.time),
        durationMs: undefined,
        error: "",
        internal: false,
        lines: [],
        dropped: 0,
      };
      this.steps.set(id, view);
      this.blocks.push({ kind: "step", step: view });
    }
    return view;
  }

  private takeStep(step: Step, line: Line): void {
    const view = this.stepOf(step.id, line);
    view.name = step.name || line.text || view.name;
    view.status = statusOf(step.status);
    view.internal = step.internal ?? false;
    view.error = step.error ?? "";
    if (view.status === "running") return;
    view.durationMs = step.duration_ms ?? Math.max(0, Date.parse(line.time) - view.startedAt);
  }

  private takeOutput(id: string, line: Line): void {
    const view = this.stepOf(id, line);
    view.lines.push(line);
    if (view.lines.length > maxLines) view.dropped += view.lines.splice(0, maxLines / 10).length;
  }

  private takeWords(line: Line): void {
    const last = this.blocks.at(-1);
    if (last?.kind === "lines" && last.source === line.source) {
      last.lines.push(line);
      if (last.lines.length > maxLines) last.dropped += last.lines.splice(0, maxLines / 10).length;
      return;
    }
    this.blocks.push({
      kind: "lines",
      id: `lines-${line.seq}`,
      source: line.source,
      lines: [line],
      dropped: 0,
    });
  }
}

function statusOf(status: string): StepStatus {
  return status === "done" || status === "cached" || status === "failed" ? status : "running";
}
