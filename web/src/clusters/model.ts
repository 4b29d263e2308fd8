import type { Cluster, ClusterNode, NodeRun } from "@/api/types";

export const states = ["healthy", "starting", "unhealthy", "exited"] as const;
export type InstanceState = (typeof states)[number];
export type Counts = Record<InstanceState, number>;

/** One instance on a node. */
export interface Place {
  key: string;
  app: string;
  process: string;
  release: number;
  index: number;
  state: InstanceState;
}

/** What one app runs on a node. */
export interface AppPlaces {
  app: string;
  places: Place[];
}

/** Gives the instances that runs name, grouped by app: apps by name, instances by process, release and number. */
export function placesOf(runs: readonly NodeRun[]): AppPlaces[] {
  const groups: AppPlaces[] = [];
  for (const run of runs) {
    let group = groups.at(-1);
    if (group?.app !== run.app) {
      group = { app: run.app, places: [] };
      groups.push(group);
    }
    const { app, process, release } = run;
    const own: Place[] = [];
    for (const state of states) {
      for (const index of run[state] ?? []) {
        own.push({ key: `${app}.${process}.v${release}.${index}`, app, process, release, index, state });
      }
    }
    own.sort((a, b) => a.index - b.index);
    group.places.push(...own);
  }
  return groups;
}

/** What people filter a topology by. */
export interface Only {
  /** Part of the name of an app, or of a node, its address or one of its labels. */
  text: string;
  state?: NodeFilter;
}

/** A state of nodes, or of instances that are not well. */
export const nodeFilters = ["ready", "drained", "down", "starting", "trouble"] as const;
export type NodeFilter = (typeof nodeFilters)[number];

/** How many instances are neither healthy nor starting. */
export const troubled = ({ states: s }: Pick<ClusterNode, "states">): number => s.unhealthy + s.exited;

/** A node as it is shown: with what of it the text is about. */
export interface ShownNode {
  node: ClusterNode;
  /** The apps that the text names; undefined when it is about nodes, or empty. */
  apps: ReadonlySet<string> | undefined;
}

const holds = (whole: string, part: string) => whole.toLowerCase().includes(part);

function aboutNode(node: ClusterNode, text: string): boolean {
  return (
    holds(node.name, text) ||
    holds(node.address, text) ||
    Object.entries(node.labels).some(([key, value]) => holds(`${key}=${value}`, text))
  );
}

/** Gives the nodes that a filter leaves. Those that a text names stand for themselves; otherwise it names apps. */
export function filterNodes(nodes: readonly ClusterNode[], only: Only): ShownNode[] {
  const text = only.text.trim().toLowerCase();
  const kept = nodes.filter((node) =>
    only.state === undefined
      ? true
      : only.state === "trouble"
        ? troubled(node) > 0 || node.state === "down"
        : node.state === only.state,
  );
  if (text === "") return kept.map((node) => ({ node, apps: undefined }));
  const shown: ShownNode[] = [];
  for (const node of kept) {
    const apps = new Set(node.runs.filter((run) => holds(run.app, text)).map((run) => run.app));
    if (apps.size > 0) shown.push({ node, apps });
    else if (aboutNode(node, text)) shown.push({ node, apps: undefined });
  }
  return shown;
}

export const orders = ["name", "instances", "memory", "cpu", "trouble"] as const;
export type Order = (typeof orders)[number];

/** How much of a node is taken, from 0 to 1 and above: by what was measured, or else by what may be used. */
export function fullness(
  node: Pick<ClusterNode, "used" | "limits" | "cpu_milli" | "memory_bytes">,
  of: "cpu" | "memory",
): number {
  const amount = node.used ?? node.limits;
  const [taken, whole] =
    of === "cpu" ? [amount.cpu_milli, node.cpu_milli] : [amount.memory_bytes, node.memory_bytes];
  return whole > 0 ? taken / whole : 0;
}

const rank: Record<ClusterNode["state"], number> = { down: 3, starting: 2, drained: 1, ready: 0 };

const names = new Intl.Collator("en", { numeric: true });

/** Sorts nodes: by name as people count, or what there is most of first. */
export function sortNodes(nodes: readonly ShownNode[], order: Order): ShownNode[] {
  const weigh: Record<Exclude<Order, "name">, (node: ClusterNode) => number> = {
    instances: (node) => node.instances,
    memory: (node) => fullness(node, "memory"),
    cpu: (node) => fullness(node, "cpu"),
    trouble: (node) => troubled(node) + rank[node.state] * 1e6,
  };
  const by = order === "name" ? undefined : weigh[order];
  return [...nodes].sort(
    (a, b) => (by ? by(b.node) - by(a.node) : 0) || names.compare(a.node.name, b.node.name),
  );
}

export type Look = "cards" | "tiles";
// More would not be seen at once.
const mostCards = 12;

/** How nodes are shown when nobody chose. */
export const lookFor = (nodes: number): Look => (nodes <= mostCards ? "cards" : "tiles");

/** The cells of a tile: one for each instance, column after column, as long as they have room. */
export interface Matrix {
  /** Path data by state, in a box of columns × rows cells. */
  paths: Partial<Record<InstanceState, string>>;
  dim: string;
  columns: number;
  rows: number;
}

export const cell = 8; // a cell with the gap beside it

/** What is drawn for a state within a cell: a full square, a ring, a triangle, a cross. */
export const shapes: Record<InstanceState, (x: number, y: number) => string> = {
  healthy: (x, y) => `M${x} ${y}h6v6h-6z`,
  starting: (x, y) => `M${x} ${y}h6v6h-6zM${x + 1.5} ${y + 1.5}v3h3v-3z`,
  unhealthy: (x, y) => `M${x - 0.5} ${y + 6}h7l-3.5 -6.5z`,
  exited: (x, y) =>
    `M${x} ${y + 1.2}l1.2 -1.2l1.8 1.8l1.8 -1.8l1.2 1.2l-1.8 1.8l1.8 1.8l-1.2 1.2l-1.8 -1.8l-1.8 1.8l-1.2 -1.2l1.8 -1.8z`,
};

/** Draws a node's instances as one path for each state; undefined when they are too many for so many cells. */
export function matrixOf({ node, apps }: ShownNode, columns: number, rows: number): Matrix | undefined {
  if (node.instances > columns * rows) return undefined;
  const matrix: Matrix = { paths: {}, dim: "", columns, rows };
  let at = 0;
  for (const { app, places } of placesOf(node.runs)) {
    for (const { state } of places) {
      const path = shapes[state]((at % columns) * cell + 1, Math.floor(at / columns) * cell + 1);
      if (apps && !apps.has(app)) matrix.dim += path;
      else matrix.paths[state] = (matrix.paths[state] ?? "") + path;
      at++;
    }
  }
  return matrix;
}

/** How many of a node's instances are of apps that one does not see. */
export function hiddenOn(node: Pick<ClusterNode, "instances" | "runs">): number {
  let named = 0;
  for (const run of node.runs) for (const state of states) named += run[state]?.length ?? 0;
  return Math.max(0, node.instances - named);
}

/** Whether there is more than the server's own engine. */
export const several = (clusters: readonly Cluster[] | undefined): boolean => (clusters?.length ?? 0) > 1;
