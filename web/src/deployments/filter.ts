import type { DeploymentQuery } from "@/api/client";
import { type Deployment, terminal } from "@/api/types";

/** What a list of deployments is narrowed to; it stands in the address. */
export interface DeploymentFilter {
  state?: StateFilter;
  app?: string;
  trigger?: (typeof triggers)[number];
  by?: string;
}

export const stateFilters = ["running", "succeeded", "failed", "cancelled", "superseded"] as const;
export type StateFilter = (typeof stateFilters)[number];

export const triggers = [
  "push",
  "upload",
  "git",
  "webhook",
  "image",
  "config",
  "settings",
  "rollback",
  "restart",
  "return",
] as const;

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

/** Reads a filter from an address; what it does not understand is left out. */
export function readFilter(search: Record<string, unknown>): DeploymentFilter {
  const state = stateFilters.find((known) => known === search.state);
  const trigger = triggers.find((known) => known === search.trigger);
  return { state, app: text(search.app), trigger, by: text(search.by) };
}

export function isFiltering(filter: DeploymentFilter): boolean {
  return Boolean(filter.state || filter.app || filter.trigger || filter.by);
}

export function matches(d: Deployment, filter: DeploymentFilter): boolean {
  return (
    (!filter.state || stateOf(d) === filter.state) &&
    (!filter.app || d.app === filter.app) &&
    (!filter.trigger || d.trigger === filter.trigger) &&
    (!filter.by || d.created_by === filter.by)
  );
}

function stateOf(d: Deployment): StateFilter {
  return terminal(d.state) ? (d.state as StateFilter) : "running";
}

/** The filter as the API has it, but for the app; undefined where it narrows nothing. */
export function queryOf({ state, trigger, by }: DeploymentFilter): DeploymentQuery | undefined {
  if (!state && !trigger && !by) return undefined;
  return { state: state === "running" ? running : state && [state], trigger, by };
}

const running = ["queued", "building", "releasing", "deploying"] satisfies DeploymentQuery["state"];

function byTurn(a: Deployment, b: Deployment): number {
  const waiting = Number(a.state === "queued") - Number(b.state === "queued");
  if (waiting !== 0) return waiting;
  if (a.state !== "queued") return Date.parse(b.created_at) - Date.parse(a.created_at);
  return a.queue_position - b.queue_position || Date.parse(a.created_at) - Date.parse(b.created_at);
}

export interface Listed {
  /** Those that are not over: what is worked on, newest first, then the queues in their order. */
  running: Deployment[];
  /** The others. */
  over: Deployment[];
  /** Who made them, for choosing from. */
  people: string[];
  /** There is one, whether it is shown or not. */
  any: boolean;
}

/** Puts what runs on top, narrows, and counts. Pages may overlap while they are fetched anew. */
export function arrange(
  pages: readonly { items: Deployment[] }[],
  filter: DeploymentFilter,
  known: readonly { items: Deployment[] }[] = pages,
): Listed {
  const byId = new Map<string, Deployment>();
  for (const page of pages) for (const d of page.items) if (!byId.has(d.id)) byId.set(d.id, d);
  const all = [...byId.values()];
  const shown = all.filter((d) => matches(d, filter));
  const people = new Set(
    [...all, ...known.flatMap((page) => page.items)].map((d) => d.created_by).filter(Boolean),
  );
  if (filter.by) people.add(filter.by);
  return {
    running: shown.filter((d) => !terminal(d.state)).sort(byTurn),
    over: shown.filter((d) => terminal(d.state)),
    people: [...people].sort(),
    any: all.length > 0 || known.some((page) => page.items.length > 0),
  };
}
