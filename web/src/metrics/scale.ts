import type { Graph, Unit } from "./model";

/** The room beside the drawing in CSS pixels: for the ticks on the left, for half a time on the right. */
export const plotLeft = 52;
export const plotRight = 18;

// A scale is never shorter than this, so that noise does not look like news.
const least: Record<Unit, number> = {
  rate: 0.5,
  ms: 5,
  percent: 2,
  cores: 0.02,
  bytes: 4 * 1024 * 1024,
};

function highestOf(graph: Graph): number {
  let most = 0;
  for (const line of graph.lines) for (const v of line.values) if (v !== null && v > most) most = v;
  return most;
}

// Fewer figures than this are all worth seeing.
const enough = 30;

/**
 * The highest latency, when it is so far above all but a few that it would
 * press the others flat: the graph then ends below it, and says what it was.
 */
export function peakOf(graph: Graph): number | undefined {
  if (graph.unit !== "ms") return undefined;
  const slowest = graph.lines.at(-1)?.values.filter((v) => v !== null) ?? [];
  if (slowest.length < enough) return undefined;
  const most = highestOf(graph);
  return most > usual(slowest) * 3 ? most : undefined;
}

/** What all but one in fifty are below. */
function usual(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(0.98 * (sorted.length - 1))] ?? 0;
}

/** How high a graph reaches. The limit is in it once a quarter of it is used; before, it would flatten the lines. */
export function topOf(graph: Graph): number {
  const most = highestOf(graph);
  if (peakOf(graph) !== undefined) {
    const slowest = graph.lines.at(-1)?.values.filter((v) => v !== null) ?? [];
    return Math.max(usual(slowest) * 1.5, least.ms);
  }
  const top = Math.max(most * 1.12, least[graph.unit]);
  return limitShown(graph, most) ? Math.max(top, (graph.limit ?? 0) * 1.05) : top;
}

export function limitShown(graph: Graph, most: number): boolean {
  return graph.limit !== undefined && most >= graph.limit / 4;
}

/** Places for ticks from zero to the top: at most so many, at round numbers; of bytes, round in binary. */
export function ticksOf(top: number, unit: Unit, most = 4): number[] {
  const base = unit === "bytes" ? 1024 ** Math.max(0, Math.floor(Math.log(top) / Math.log(1024))) : 1;
  const span = top / base;
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const steps = unit === "bytes" && base > 1 && span > 10 ? binary(rough) : decimal(rough, power);
  const ticks: number[] = [];
  for (let at = 0; at <= span * 1.0001; at += steps) ticks.push(at * base);
  return ticks;
}

function decimal(rough: number, power: number): number {
  return (rough / power <= 1 ? 1 : rough / power <= 2 ? 2 : rough / power <= 5 ? 5 : 10) * power;
}

function binary(rough: number): number {
  return 2 ** Math.ceil(Math.log2(rough));
}

/** The places of values that have none on either side: no line goes through them, so they get a dot. */
export function lonely(values: readonly (number | null | undefined)[]): number[] {
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) found.push(i);
  }
  return found;
}
