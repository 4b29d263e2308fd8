import type { components } from "@/api/schema";

type Schemas = components["schemas"];
export type AppMetrics = Schemas["AppMetrics"];
export type InstanceMetrics = Schemas["InstanceMetrics"];
export type RecentMetrics = Schemas["MetricsOverview"];
export type AppRecent = Schemas["AppRecent"];

/** One number for each step, null where nothing is known. */
export type Column = (number | null)[];

export const ranges = ["1h", "6h", "24h"] as const;
export type Range = (typeof ranges)[number];

/** Takes a range out of a URL; whatever is none is the shortest. */
export function asRange(text: string): Range {
  return ranges.find((range) => range === text) ?? "1h";
}

export const graphNames = ["requests", "latency", "errors", "cpu", "memory"] as const;
export type GraphName = (typeof graphNames)[number];
export type Unit = "rate" | "ms" | "percent" | "cores" | "bytes";

export interface Line {
  key: string;
  /** What the line is, when it is no word of the catalogue: the name of an instance. */
  label?: string;
  /** The token of its colour. */
  color: string;
  area?: boolean;
  dash?: boolean;
  values: Column;
}

export interface Graph {
  name: GraphName;
  unit: Unit;
  lines: Line[];
  /** What an instance may take at most; undefined for no limit. */
  limit?: number;
}

export const instanceColors = ["chart-1", "chart-2", "chart-3", "chart-4", "chart-5", "chart-6"] as const;

/** The graphs of an app's figures, in the order they are shown. */
export function graphsOf(m: AppMetrics): Graph[] {
  const requests = m.requests_per_second;
  return [
    {
      name: "requests",
      unit: "rate",
      lines: [
        { key: "all", color: "chart-1", area: true, values: requests },
        { key: "4xx", color: "chart-warn", values: m.status["4xx"] },
        { key: "errors", color: "chart-bad", area: true, values: m.errors_per_second },
      ],
    },
    {
      name: "latency",
      unit: "ms",
      lines: [
        { key: "p50", color: "chart-1", values: m.p50_ms },
        { key: "p95", color: "chart-2", values: m.p95_ms },
        { key: "p99", color: "chart-3", dash: true, values: m.p99_ms },
      ],
    },
    {
      name: "errors",
      unit: "percent",
      lines: [
        { key: "share", color: "chart-bad", area: true, values: shares(m.errors_per_second, requests) },
      ],
    },
    {
      name: "cpu",
      unit: "cores",
      lines: instanceLines(m.instances, cores),
      limit: limitOf(m.instances, (i) => i.cpu_limit_milli / 1000),
    },
    {
      name: "memory",
      unit: "bytes",
      lines: instanceLines(m.instances, (i) => i.memory_bytes),
      limit: limitOf(m.instances, (i) => i.memory_limit_bytes),
    },
  ];
}

function cores(instance: InstanceMetrics): Column {
  return instance.cpu_milli.map((v) => (v === null ? null : v / 1000));
}

/** Part of the whole in percent; null where there is no whole. */
export function shares(part: Column, whole: Column): Column {
  return whole.map((all, i) => {
    const some = part[i];
    return all === null || all <= 0 || some === null || some === undefined ? null : (100 * some) / all;
  });
}

/**
 * One line for each place that an instance may have (web.1, web.2). One release
 * follows another in it; where both ran, the newer one counts.
 */
export function instanceLines(instances: InstanceMetrics[], values: (i: InstanceMetrics) => Column): Line[] {
  const places = new Map<string, Column>();
  const ordered = [...instances].sort(
    (a, b) => compareProcess(a.process, b.process) || a.index - b.index || a.release - b.release,
  );
  for (const instance of ordered) {
    const name = `${instance.process}.${instance.index}`;
    const before = places.get(name);
    const own = values(instance);
    places.set(name, before ? own.map((v, i) => v ?? before[i] ?? null) : own);
  }
  return [...places].map(([label, column], i) => ({
    key: label,
    label,
    color: instanceColors[i % instanceColors.length] ?? instanceColors[0],
    dash: i >= instanceColors.length,
    values: column,
  }));
}

/** The web process first, for it is what answers; then by name. */
export function compareProcess(a: string, b: string): number {
  if (a === b) return 0;
  if (a === "web") return -1;
  if (b === "web") return 1;
  return a < b ? -1 : 1;
}

function limitOf(instances: InstanceMetrics[], limit: (i: InstanceMetrics) => number): number | undefined {
  let newest = 0;
  let found: number | undefined;
  for (const instance of instances) {
    if (instance.release < newest) continue;
    newest = instance.release;
    found = limit(instance) || undefined;
  }
  return found;
}

/** The newest number that is known, looking back at most so many steps. */
export function latest(column: Column, within = column.length): number | null {
  for (let i = column.length - 1; i >= Math.max(0, column.length - within); i--) {
    const value = column[i];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

function mean(column: Column): number | null {
  const known = column.filter((v) => v !== null);
  return known.length === 0 ? null : known.reduce((sum, v) => sum + v, 0) / known.length;
}

function highest(column: Column): number | null {
  let most: number | null = null;
  for (const v of column) if (v !== null && (most === null || v > most)) most = v;
  return most;
}

export interface Now {
  /** Requests a second over the last minute or step; null when nothing is known. */
  requests: number | null;
  /** Of them, percent; null without requests. */
  errors: number | null;
  p95: number | null;
}

/** How an app does just now: over the last minute, or the last step where steps are longer. */
export function nowOf(m: AppMetrics): Now {
  const steps = Math.max(1, Math.round(60 / m.step_seconds));
  // The newest steps may not have been told of yet.
  let end = m.requests_per_second.length;
  while (end > 0 && m.requests_per_second.length - end < steps && m.requests_per_second[end - 1] === null)
    end--;
  const last = (column: Column) => column.slice(Math.max(0, end - steps), end);
  const requests = mean(last(m.requests_per_second));
  const errors = mean(last(m.errors_per_second));
  return {
    requests,
    errors: requests === null || requests <= 0 || errors === null ? null : (100 * errors) / requests,
    p95: requests === null || requests <= 0 ? null : latest(last(m.p95_ms)),
  };
}

/** The part of an app's figures between two times in Unix seconds, without what is about instances. */
export function cropped(m: AppMetrics, from: number, to: number): AppMetrics {
  const first = m.times.findIndex((time) => time >= from);
  const after = m.times.findIndex((time) => time > to);
  const end = after < 0 ? m.times.length : after;
  const begin = first < 0 ? end : first;
  const part = <T>(column: T[]) => column.slice(begin, end);
  return {
    ...m,
    times: part(m.times),
    requests_per_second: part(m.requests_per_second),
    errors_per_second: part(m.errors_per_second),
    router_errors_per_second: part(m.router_errors_per_second),
    bytes_per_second: part(m.bytes_per_second),
    p50_ms: part(m.p50_ms),
    p95_ms: part(m.p95_ms),
    p99_ms: part(m.p99_ms),
    instances: [],
  };
}

/** Says whether a graph has anything to draw. */
export function hasFigures(graph: Graph): boolean {
  return graph.lines.some((line) => line.values.some((v) => v !== null));
}

export interface TableRow {
  /** Unix seconds. */
  from: number;
  requests: number | null;
  errors: number | null;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  cpu: number | null;
  memory: number | null;
}

/**
 * The figures as rows for reading, newest first, at most so many. Requests and
 * processor are means of what a row covers, latencies and memory the highest.
 */
export function tableRows(m: AppMetrics, most = 24): TableRow[] {
  const per = Math.max(1, Math.ceil(m.times.length / most));
  const rows: TableRow[] = [];
  for (let start = 0; start < m.times.length; start += per) {
    const part = (column: Column) => column.slice(start, start + per);
    const requests = mean(part(m.requests_per_second));
    const errors = mean(part(m.errors_per_second));
    rows.push({
      from: m.times[start] ?? 0,
      requests,
      errors: requests === null || requests <= 0 || errors === null ? null : (100 * errors) / requests,
      p50: highest(part(m.p50_ms)),
      p95: highest(part(m.p95_ms)),
      p99: highest(part(m.p99_ms)),
      cpu: highest(m.instances.map((i) => mean(part(cores(i))))),
      memory: highest(m.instances.map((i) => highest(part(i.memory_bytes)))),
    });
  }
  return rows.reverse();
}

/** What an instance takes now; undefined when it was not measured of late. */
export function usageOf(
  m: AppMetrics | undefined,
  name: string,
): { cpu: number | null; memory: number | null; metrics: InstanceMetrics } | undefined {
  const metrics = m?.instances.find((i) => i.name === name);
  if (!m || !metrics) return undefined;
  const steps = Math.max(1, Math.round(60 / m.step_seconds));
  return { cpu: latest(metrics.cpu_milli, steps), memory: latest(metrics.memory_bytes, steps), metrics };
}
