import type { Gap, Line, Step } from "@/api/types";

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

const maxLines = 20_000;

/** Folds the lines of a deployment's stream into steps with their output. */
export class BuildLog {
  readonly blocks: Block[] = [];
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

  get stepCount(): number {
    let n = 0;
    for (const step of this.steps.values()) if (!step.internal) n++;
    return n;
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
