/** What can stand in a list of rows: it knows its place and how high it was when it was last seen. */
export interface Row {
  /** Goes up from row to row. */
  readonly order: number;
  /** The search occurs in it. */
  hit: boolean;
  /** In pixels, as measured in the epoch beside it. */
  height: number;
  epoch: number;
}

interface Chunk<R> {
  rows: R[];
  height: number;
  epoch: number;
  hits: number;
}

export interface Sizer<R> {
  /** Another number says that what was measured before holds no more. */
  epoch: number;
  estimate(row: R): number;
}

/**
 * A list of many rows that grows at both ends and is cut at both ends, with the
 * height of each. It is kept in chunks that know their sums, so that no
 * operation looks at every row but the first after the sizer changed.
 */
export class Rows<R extends Row> {
  private chunks: Chunk<R>[] = [];
  length = 0;

  constructor(
    private sizer: Sizer<R>,
    private readonly chunkRows = 256,
  ) {}

  setSizer(sizer: Sizer<R>): void {
    this.sizer = sizer;
  }

  private size(row: R): number {
    return row.epoch === this.sizer.epoch ? row.height : this.sizer.estimate(row);
  }

  private sum(chunk: Chunk<R>): number {
    if (chunk.epoch !== this.sizer.epoch) {
      chunk.height = 0;
      for (const row of chunk.rows) chunk.height += this.size(row);
      chunk.epoch = this.sizer.epoch;
    }
    return chunk.height;
  }

  get first(): R | undefined {
    return this.chunks[0]?.rows[0];
  }

  get last(): R | undefined {
    return this.chunks.at(-1)?.rows.at(-1);
  }

  get hits(): number {
    let n = 0;
    for (const chunk of this.chunks) n += chunk.hits;
    return n;
  }

  /** In pixels. */
  get height(): number {
    let h = 0;
    for (const chunk of this.chunks) h += this.sum(chunk);
    return h;
  }

  push(row: R): void {
    let chunk = this.chunks.at(-1);
    if (!chunk || chunk.rows.length >= this.chunkRows) {
      chunk = { rows: [], height: 0, epoch: this.sizer.epoch, hits: 0 };
      this.chunks.push(chunk);
    }
    if (chunk.epoch === this.sizer.epoch) chunk.height += this.size(row);
    chunk.rows.push(row);
    if (row.hit) chunk.hits++;
    this.length++;
  }

  /** Puts rows, in their order, before all others. */
  unshift(rows: readonly R[]): void {
    const fresh: Chunk<R>[] = [];
    for (let at = 0; at < rows.length; at += this.chunkRows) {
      const part = rows.slice(at, at + this.chunkRows);
      fresh.push({
        rows: part,
        height: 0,
        epoch: -1,
        hits: part.reduce((n, row) => n + (row.hit ? 1 : 0), 0),
      });
    }
    // Small pieces are joined, or a slow search would leave a chunk for each.
    const next = this.chunks[0];
    const joint = fresh.at(-1);
    if (next && joint && next.rows.length + joint.rows.length <= this.chunkRows) {
      next.rows = joint.rows.concat(next.rows);
      next.hits += joint.hits;
      next.epoch = -1;
      fresh.pop();
    }
    this.chunks = fresh.concat(this.chunks);
    this.length += rows.length;
  }

  /** Takes out every row before an order, and gives how many. */
  dropBefore(order: number): number {
    const before = this.length;
    let whole = 0;
    while (whole < this.chunks.length && (this.chunks[whole]?.rows.at(-1)?.order ?? 0) < order) whole++;
    for (const chunk of this.chunks.splice(0, whole)) this.length -= chunk.rows.length;
    const chunk = this.chunks[0];
    if (chunk) this.cut(chunk, 0, lowerBound(chunk.rows, order));
    return before - this.length;
  }

  /** Takes out every row from an order on, and gives how many. */
  dropFrom(order: number): number {
    const before = this.length;
    for (let chunk = this.chunks.at(-1); chunk; chunk = this.chunks.at(-1)) {
      if ((chunk.rows[0]?.order ?? 0) < order) {
        this.cut(chunk, lowerBound(chunk.rows, order), chunk.rows.length);
        break;
      }
      this.length -= chunk.rows.length;
      this.chunks.pop();
    }
    return before - this.length;
  }

  private cut(chunk: Chunk<R>, from: number, to: number): void {
    for (const row of chunk.rows.splice(from, to - from)) if (row.hit) chunk.hits--;
    chunk.epoch = -1;
    this.length -= to - from;
  }

  at(index: number): R | undefined {
    let left = index;
    if (left < 0) return undefined;
    for (const chunk of this.chunks) {
      if (left < chunk.rows.length) return chunk.rows[left];
      left -= chunk.rows.length;
    }
    return undefined;
  }

  /** The index of the first row at or after an order; length when there is none. */
  indexOf(order: number): number {
    let index = 0;
    for (const chunk of this.chunks) {
      if ((chunk.rows.at(-1)?.order ?? 0) >= order) return index + lowerBound(chunk.rows, order);
      index += chunk.rows.length;
    }
    return index;
  }

  /** The row of exactly this order. */
  get(order: number): R | undefined {
    const row = this.at(this.indexOf(order));
    return row?.order === order ? row : undefined;
  }

  /** Gives up to count rows from an index on. */
  slice(index: number, count: number): R[] {
    const out: R[] = [];
    let skip = index;
    for (const chunk of this.chunks) {
      if (out.length >= count) break;
      if (skip >= chunk.rows.length) {
        skip -= chunk.rows.length;
        continue;
      }
      out.push(...chunk.rows.slice(skip, skip + count - out.length));
      skip = 0;
    }
    return out;
  }

  /** How far from the top the row of an index begins, in pixels. */
  offsetOf(index: number): number {
    let left = index;
    let offset = 0;
    for (const chunk of this.chunks) {
      if (left >= chunk.rows.length) {
        offset += this.sum(chunk);
        left -= chunk.rows.length;
        continue;
      }
      for (let i = 0; i < left; i++) offset += this.size(chunk.rows[i] as R);
      break;
    }
    return offset;
  }

  /** The index of the row that covers a distance from the top; the last one beyond the end. */
  indexAt(offset: number): number {
    let left = offset;
    let index = 0;
    for (const chunk of this.chunks) {
      const height = this.sum(chunk);
      if (left >= height) {
        left -= height;
        index += chunk.rows.length;
        continue;
      }
      for (const row of chunk.rows) {
        left -= this.size(row);
        if (left < 0) return index;
        index++;
      }
      return Math.max(0, index - 1);
    }
    return Math.max(0, this.length - 1);
  }

  /** Notes how high a row of this list really is. */
  measured(row: R, height: number): void {
    const before = this.size(row);
    row.height = height;
    row.epoch = this.sizer.epoch;
    if (before === height) return;
    for (const chunk of this.chunks) {
      if ((chunk.rows.at(-1)?.order ?? 0) < row.order) continue;
      if (chunk.epoch === this.sizer.epoch) chunk.height += height - before;
      return;
    }
  }

  /** How many rows up to and including an order are hits. */
  hitsUpTo(order: number): number {
    let n = 0;
    for (const chunk of this.chunks) {
      if ((chunk.rows.at(-1)?.order ?? 0) <= order) {
        n += chunk.hits;
        continue;
      }
      for (const row of chunk.rows) if (row.order <= order && row.hit) n++;
      break;
    }
    return n;
  }

  /** The next hit after an order, or before it when step is -1. */
  nextHit(order: number, step: 1 | -1): R | undefined {
    const chunks = step === 1 ? this.chunks : this.chunks.toReversed();
    for (const chunk of chunks) {
      if (chunk.hits === 0) continue;
      const end = step === 1 ? chunk.rows.at(-1) : chunk.rows[0];
      if (!end || (end.order - order) * step <= 0) continue;
      const rows = step === 1 ? chunk.rows : chunk.rows.toReversed();
      for (const row of rows) if (row.hit && (row.order - order) * step > 0) return row;
    }
    return undefined;
  }

  /** Rows before an order, newest first, until take says to stop. */
  backwards(order: number, take: (row: R) => boolean): void {
    for (let c = this.chunks.length - 1; c >= 0; c--) {
      const { rows } = this.chunks[c] as Chunk<R>;
      if ((rows[0]?.order ?? 0) >= order) continue;
      for (let i = rows.length - 1; i >= 0; i--) {
        const row = rows[i] as R;
        if (row.order < order && !take(row)) return;
      }
    }
  }

  /** The order of what follows the first chunk: what comes before it goes at once when there are too many. */
  afterFirstChunk(): number {
    return this.chunks[1]?.rows[0]?.order ?? Number.POSITIVE_INFINITY;
  }

  /** The order at which the last chunk begins. */
  startOfLastChunk(): number {
    return this.chunks.at(-1)?.rows[0]?.order ?? 0;
  }
}

/** The index of the first row at or after an order. */
function lowerBound(rows: readonly Row[], order: number): number {
  let from = 0;
  let to = rows.length;
  while (from < to) {
    const mid = (from + to) >> 1;
    if ((rows[mid] as Row).order < order) from = mid + 1;
    else to = mid;
  }
  return from;
}
