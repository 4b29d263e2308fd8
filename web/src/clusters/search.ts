import { type Look, type NodeFilter, nodeFilters, type Order, orders } from "./model";

/** What the address of a cluster's page holds besides its name. */
export interface TopologySearch {
  q?: string;
  state?: NodeFilter;
  sort?: Order;
  look?: Look;
  /** The node that is looked at, by its ID. */
  node?: string;
}

function oneOf<T extends string>(words: readonly T[], word: unknown): T | undefined {
  return words.find((one) => one === word);
}

const text = (value: unknown) =>
  typeof value === "string" || typeof value === "number" ? String(value) || undefined : undefined;

export function topologySearch(search: Record<string, unknown>): TopologySearch {
  return {
    q: text(search.q),
    state: oneOf(nodeFilters, search.state),
    sort: oneOf(orders, search.sort),
    look: oneOf(["cards", "tiles"] as const, search.look),
    node: text(search.node),
  };
}
