import type { Gap, Line } from "@/api/types";
import { stripAnsi } from "./ansi";
import { type Level, levelOfLine } from "./level";
import { compile, type Matcher, noQuery, type Query } from "./query";
import { type Row, Rows, type Sizer } from "./rows";

interface Common extends Row {
  /** Goes up when it is to be drawn anew. */
  rev: number;
  /** Folded out. */
  open: boolean;
}

export interface LineRow extends Common {
  kind: "line";
  line: Line;
  plain: string | undefined;
  level: Level | undefined | null;
}

export interface GapRow extends Common {
  kind: "gap";
  gap: Gap;
}

export interface CutRow extends Common {
  kind: "cut";
  at: number;
  resumedAt?: number;
}

/** What stands in a log view: a line, lines that are missing, or a cut connection. */
export type LogRow = LineRow | GapRow | CutRow;

export const defaultCap = 100_000;

// While the newest lines are not held, so many of them wait to be joined again.
const tailKept = 2000;
// One line may not keep the page busy for longer, in milliseconds.
const slowest = 150;

const flat: Sizer<LogRow> = { epoch: -2, estimate: () => 0 };
const common = { hit: false, height: 0, epoch: -1, rev: 0, open: false };

export const plainOf = (row: LineRow): string => {
  row.plain ??= stripAnsi(row.line.text);
  return row.plain;
};

export const levelOfRow = (row: LineRow): Level | undefined => {
  if (row.level === null) row.level = levelOfLine(row.line);
  return row.level;
};

/**
 * The part of a log that a view holds: lines that follow one another by seq, at
 * most cap of them, and which of them the query lets through. It is attached
 * while its end is the end of the live stream; where the reader's place would be
 * pushed out, or older lines were asked for, it lets go of the newer end
 * instead, and is joined to it again later.
 */
export class LogModel {
  private readonly all: Rows<LogRow>;
  /** What the query lets through, oldest first. */
  view: Rows<LogRow>;
  private sizer: Sizer<LogRow> = { epoch: 0, estimate: () => 20 };
  private matcher: Matcher = compile(noQuery);
  private building: { view: Rows<LogRow>; matcher: Matcher; next: number } | undefined;
  private marks: number[] = [];
  private openCut: CutRow | undefined;
  private tail: LogRow[] = [];
  /** The last seq that came live; resume after it. */
  cursor = 0;
  /** The last seq held. */
  end = 0;
  attached = true;
  /** Nothing older is kept by the server. */
  earliest = false;
  /** How many lines were let go at the old end and not asked for again. */
  dropped = 0;
  /** How many lines that the query lets through came while the model was not attached. */
  waiting = 0;
  /** The last seq that the reader has had in sight; what comes after it is new to them. */
  seen = 0;
  /** The order of the row where the reader stands; undefined for one who follows. */
  place: number | undefined;
  /** A search took too long on one line and was given up. */
  tooSlow = false;
  readonly processes = new Set<string>();
  readonly instances = new Set<string>();

  constructor(
    private readonly cap = defaultCap,
    private readonly chunkRows = Math.max(1, Math.min(256, Math.floor(cap / 20))),
  ) {
    this.all = new Rows(flat, chunkRows);
    this.view = new Rows(this.sizer, chunkRows);
  }

  /** How many lines are held, and how many of them the query lets through; marks are not lines. */
  get lines(): { held: number; shown: number } {
    return { held: this.all.length - this.marks.length, shown: this.view.length - this.marks.length };
  }

  /** The first seq held, or that a gap at the beginning begins with; 0 when nothing is held. */
  get start(): number {
    return Math.ceil(this.all.first?.order ?? 0); // a cut stands after its line
  }

  /** Whether a search or filter is still going through what is held. */
  get busy(): boolean {
    return this.building !== undefined;
  }

  /** How many rows that the query lets through came since seen. */
  get unseen(): number {
    return this.view.length - this.view.indexOf(this.seen + 0.999) + this.waiting;
  }

  /** The row of a line that is held, whether the query lets it through or not. */
  find(seq: number): LogRow | undefined {
    return this.all.get(seq);
  }

  /** The lines held from one seq to another. */
  range(from: number, to: number): LineRow[] {
    const first = this.all.indexOf(from);
    return this.all
      .slice(first, this.all.indexOf(to + 0.001) - first)
      .filter((row): row is LineRow => row.kind === "line");
  }

  setSizer(sizer: Sizer<LogRow>): void {
    this.sizer = sizer;
    this.view.setSizer(sizer);
    this.building?.view.setSizer(sizer);
  }

  addLines(lines: readonly Line[]): void {
    for (const line of lines) {
      if (line.seq <= this.cursor) continue;
      this.cursor = line.seq;
      this.come(this.rowOf(line));
    }
  }

  addGap(gap: Gap): void {
    if (gap.to <= this.cursor) return;
    this.cursor = gap.to;
    this.come({ ...common, kind: "gap", order: gap.from, gap });
  }

  /** The connection was lost; one mark stands for however many attempts follow. */
  cut(at: number): void {
    if (this.openCut || this.all.length === 0 || !this.attached) return;
    const last = this.all.last?.order ?? 0;
    this.openCut = { ...common, kind: "cut", order: Math.max(this.end + 0.5, last + 0.001), at };
    this.append(this.openCut);
  }

  resumed(at: number): void {
    if (!this.openCut) return;
    this.openCut.resumedAt = at;
    this.openCut.rev++;
    this.openCut = undefined;
  }

  /** Puts older lines before those held; beyond the cap the newest are let go. */
  prepend(lines: readonly Line[], gap?: Gap): void {
    const first = this.all.first?.order ?? Number.POSITIVE_INFINITY;
    const rows = this.rowsOf(lines, gap).filter((row) => row.order < first);
    if (rows[0]) this.dropped = Math.max(0, this.dropped - rows.length);
    this.earliest ||= rows.length === 0 || beginsLog(lines, gap);
    for (const row of rows) if (row.kind !== "line") this.marks.push(row.order);
    this.all.unshift(rows);
    if (this.building) this.building.next = Math.max(this.building.next, first);
    this.view.unshift(rows.filter((row) => this.look(row, this.matcher)));
    while (this.all.length > this.cap) this.dropNewest();
  }

  /** Puts newer lines after those held, and joins the live end when it is reached. */
  extend(lines: readonly Line[], gap?: Gap): void {
    for (const row of this.rowsOf(lines, gap)) if (row.order > this.end) this.append(row);
    this.cursor = Math.max(this.cursor, this.end);
    this.join();
    this.trim();
  }

  /** Holds these lines and no others. */
  reset(lines: readonly Line[], gap?: Gap): void {
    this.forget();
    this.attached = false;
    this.earliest = beginsLog(lines, gap);
    for (const row of this.rowsOf(lines, gap)) this.append(row);
    this.cursor = Math.max(this.cursor, this.end);
    this.join();
  }

  /** Goes to the live end with what waits; false when that is too little, and the end is to be fetched. */
  toEnd(): boolean {
    if (this.attached) return true;
    if (this.tail.length < tailKept / 4) return false;
    this.forget();
    for (const row of this.tail) this.append(row);
    this.attach();
    return true;
  }

  /** Narrows to another query. What was shown stays until work has gone through everything. */
  setQuery(query: Query): Matcher {
    const matcher = compile(query);
    this.tooSlow = false;
    this.building = {
      view: new Rows(this.sizer, this.chunkRows),
      matcher,
      next: Number.POSITIVE_INFINITY,
    };
    if (this.all.length === 0) this.swap();
    return matcher;
  }

  /** Goes on with a query until a time of performance.now(); true while there is more to do. */
  work(until: number): boolean {
    const job = this.building;
    if (!job) return false;
    const found: LogRow[] = [];
    let n = 0;
    this.all.backwards(job.next, (row) => {
      job.next = row.order;
      if (this.look(row, job.matcher)) found.push(row);
      return ++n % 32 !== 0 || performance.now() < until;
    });
    job.view.unshift(found.reverse());
    if (job.next <= (this.all.first?.order ?? 0)) this.swap();
    return this.building !== undefined;
  }

  private swap(): void {
    if (!this.building) return;
    ({ view: this.view, matcher: this.matcher } = this.building);
    this.building = undefined;
    this.waiting = this.tail.filter((row) => row.order > this.seen && this.look(row, this.matcher)).length;
  }

  private rowOf(line: Line): LineRow {
    if (line.process) this.processes.add(line.process);
    if (line.instance) this.instances.add(line.instance);
    return { ...common, kind: "line", order: line.seq, line, plain: undefined, level: null };
  }

  private rowsOf(lines: readonly Line[], gap?: Gap): LogRow[] {
    const rows: LogRow[] = lines.map((line) => this.rowOf(line));
    return gap ? [{ ...common, kind: "gap", order: gap.from, gap }, ...rows] : rows;
  }

  /** Whether a row is shown; notes whether the search occurs in it. */
  private look(row: LogRow, matcher: Matcher): boolean {
    if (row.kind !== "line") return true;
    if (!matcher.passes(row.line, () => levelOfRow(row))) return false;
    if (!matcher.searches || this.tooSlow) {
      row.hit = false;
      return true;
    }
    const started = performance.now();
    row.hit = matcher.hits(plainOf(row));
    if (performance.now() - started > slowest) this.tooSlow = true;
    return row.hit || !matcher.only;
  }

  private come(row: LogRow): void {
    if (this.attached) {
      this.append(row);
      this.trim();
      return;
    }
    this.tail.push(row);
    if (this.look(row, this.matcher)) this.waiting++;
    if (this.tail.length > tailKept * 2) {
      this.tail.splice(0, this.tail.length - tailKept);
    }
  }

  private append(row: LogRow): void {
    this.all.push(row);
    if (row.kind === "line") this.end = row.order;
    else this.marks.push(row.order);
    if (row.kind === "gap") this.end = row.gap.to;
    if (this.look(row, this.matcher)) this.view.push(row);
    // Those that are there already are gone through by work, from the newest back.
    const job = this.building;
    if (!job) return;
    if (job.next === Number.POSITIVE_INFINITY) job.next = row.order;
    if (this.look(row, job.matcher)) job.view.push(row);
  }

  private attach(): void {
    this.attached = true;
    this.tail = [];
    this.waiting = 0;
  }

  private join(): void {
    if (this.attached) return;
    const first = this.tail[0];
    if (first && first.order <= this.end + 1) {
      for (const row of this.tail) {
        if (row.order > this.end) this.append(row);
        else if (row.kind === "gap" && row.gap.to > this.end) {
          // A part of what was missing has been fetched since.
          const from = this.end + 1;
          this.append({ ...row, order: from, gap: { ...row.gap, from } });
        }
      }
    } else if (this.end < this.cursor) return;
    this.attach();
  }

  private trim(): void {
    while (this.all.length > this.cap) {
      const edge = this.all.afterFirstChunk();
      if (this.place !== undefined && edge > this.place) {
        // The reader's place would go: the newer end goes instead.
        this.dropNewest();
        continue;
      }
      this.dropped += this.all.dropBefore(edge);
      this.earliest = false;
      this.view.dropBefore(edge);
      this.building?.view.dropBefore(edge);
      this.marks = this.marks.filter((order) => order >= edge);
    }
  }

  /** Lets go of the newest chunk; where the live end follows upon it, it waits with that. */
  private dropNewest(): void {
    const edge = this.all.startOfLastChunk();
    const index = this.all.indexOf(edge);
    const gone = this.all.slice(index, this.all.length - index);
    this.all.dropFrom(edge);
    this.view.dropFrom(edge);
    const job = this.building;
    job?.view.dropFrom(edge);
    if (job) job.next = Math.min(job.next, edge);
    this.marks = this.marks.filter((order) => order < edge);
    const next = this.tail[0]?.order ?? (this.attached ? this.end + 1 : Number.POSITIVE_INFINITY);
    if (next <= this.end + 1) this.tail = gone.concat(this.tail).slice(-tailKept * 2);
    this.waiting += gone.filter((row) => row.order > this.seen && this.look(row, this.matcher)).length;
    this.attached = false;
    if (this.openCut && this.openCut.order >= edge) this.openCut = undefined;
    const last = this.all.last;
    this.end = last?.kind === "gap" ? last.gap.to : Math.floor(last?.order ?? 0);
  }

  private forget(): void {
    const job = this.building;
    this.all.dropFrom(0);
    this.view = new Rows(this.sizer, this.chunkRows);
    if (job) this.matcher = job.matcher;
    this.building = undefined;
    this.marks = [];
    this.openCut = undefined;
    this.end = 0;
    this.dropped = 0;
    this.earliest = false;
  }
}

function beginsLog(lines: readonly Line[], gap?: Gap): boolean {
  return gap?.reason === "expired" || lines[0]?.seq === 1;
}
