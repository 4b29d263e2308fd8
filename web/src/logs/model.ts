import type { Gap, Line } from "@/api/types";
import { stripAnsi } from "./ansi";

/** What stands in a log view: a line, lines that are missing, or a cut connection. */
export type Entry =
  | { kind: "line"; line: Line }
  | { kind: "gap"; gap: Gap }
  | { kind: "cut"; at: number; resumedAt?: number };

export interface Filter {
  process: string;
  instance: string;
  stream: string;
  text: string;
}

export const noFilter: Filter = { process: "", instance: "", stream: "", text: "" };

export const defaultCap = 100_000;

/**
 * The lines a log view holds, at most cap of them, and which of them the filter
 * lets through. Lines come in order of seq; one that was seen before is left
 * out, so that resuming may overlap.
 */
export class LogModel {
  private entries: Entry[] = [];
  private visible: Entry[] = [];
  private filter: Filter = noFilter;
  private needle = "";
  private seq = 0;
  private openCut: Extract<Entry, { kind: "cut" }> | undefined;
  private marks = 0;
  /** How many entries the cap has pushed out. */
  dropped = 0;
  /** How many of what the filter let through the cap has pushed out. */
  droppedVisible = 0;
  readonly processes = new Set<string>();
  readonly instances = new Set<string>();

  constructor(private readonly cap = defaultCap) {}

  /** The seq to resume after; 0 before the first line. */
  get cursor(): number {
    return this.seq;
  }

  /** How many lines and marks are held. */
  get size(): number {
    return this.entries.length;
  }

  /** How many lines are held, and how many of them the filter lets through; marks are not lines. */
  get lines(): { held: number; shown: number } {
    return { held: this.entries.length - this.marks, shown: this.visible.length - this.marks };
  }

  /** What the filter lets through, oldest first. Changed in place; do not keep it. */
  get rows(): readonly Entry[] {
    return this.visible;
  }

  get all(): readonly Entry[] {
    return this.entries;
  }

  /** The row at which a line stands, or the next one that the filter lets through. */
  rowOf(seq: number): number {
    const row = this.visible.findIndex((entry) => entry.kind === "line" && entry.line.seq >= seq);
    return row < 0 ? this.visible.length - 1 : row;
  }

  addLines(lines: readonly Line[]): void {
    for (const line of lines) {
      if (line.seq <= this.seq) continue;
      this.seq = line.seq;
      if (line.process) this.processes.add(line.process);
      if (line.instance) this.instances.add(line.instance);
      this.add({ kind: "line", line });
    }
    this.trim();
  }

  addGap(gap: Gap): void {
    if (gap.to <= this.seq) return;
    this.seq = gap.to;
    this.add({ kind: "gap", gap });
    this.trim();
  }

  /** The connection was lost; one mark stands for however many attempts follow. */
  cut(at: number): void {
    if (this.openCut || this.entries.length === 0) return;
    this.openCut = { kind: "cut", at };
    this.add(this.openCut);
  }

  resumed(at: number): void {
    const cut = this.openCut;
    if (!cut) return;
    this.openCut = undefined;
    // Another object, so that whoever drew the old one sees that it changed.
    const resumed = { ...cut, resumedAt: at };
    for (const list of [this.entries, this.visible]) {
      const i = list.lastIndexOf(cut);
      if (i >= 0) list[i] = resumed;
    }
  }

  setFilter(filter: Filter): void {
    this.filter = filter;
    this.needle = filter.text.toLowerCase();
    this.visible = this.entries.filter((entry) => this.passes(entry));
    this.droppedVisible = 0;
  }

  clear(): void {
    this.entries = [];
    this.visible = [];
    this.marks = 0;
    this.openCut = undefined;
  }

  private add(entry: Entry): void {
    this.entries.push(entry);
    if (entry.kind !== "line") this.marks++; // marks pass every filter
    if (this.passes(entry)) this.visible.push(entry);
  }

  private passes(entry: Entry): boolean {
    if (entry.kind !== "line") return true;
    const { line } = entry;
    const { process, instance, stream } = this.filter;
    if (process && line.process !== process) return false;
    if (instance && line.instance !== instance) return false;
    if (stream === "router" || stream === "slipway") {
      if (line.source !== stream) return false;
    } else if (stream && line.stream !== stream) return false;
    return !this.needle || stripAnsi(line.text).toLowerCase().includes(this.needle);
  }

  // Shifting an array of 100,000 at every line would cost more than the line:
  // it is cut back a twentieth at a time.
  private trim(): void {
    const slack = Math.max(1, Math.floor(this.cap / 20));
    if (this.entries.length <= this.cap) return;
    const surplus = this.entries.length - this.cap + slack;
    const gone = new Set(this.entries.splice(0, surplus));
    for (const entry of gone) if (entry.kind !== "line") this.marks--;
    this.dropped += surplus;
    let n = 0;
    while (n < this.visible.length && gone.has(this.visible[n] as Entry)) n++;
    this.visible.splice(0, n);
    this.droppedVisible += n;
  }
}
