import type { App, AppStatus } from "@/api/types";
import type { Recent } from "@/metrics/Sparkline";
import { totals } from "@/metrics/Sparkline";

/** What the list can be narrowed to: a status, or those whose newest deployment failed though they serve. */
export type Standing = AppStatus | "deploy_failed";

// What wants a person first.
const standings: Standing[] = ["down", "failed", "deploy_failed", "deploying", "live", "stopped", "new"];

export const sortKeys = ["name", "status", "deployed", "requests"] as const;
export type SortKey = (typeof sortKeys)[number];

export interface Sort {
  by: SortKey;
  /** Against the order that is natural for it. */
  reversed: boolean;
}

/** Reads "-deployed" out of a URL; whatever is no sort is by name. */
export function asSort(text: string): Sort {
  const reversed = text.startsWith("-");
  const by = sortKeys.find((key) => key === text.replace(/^-/, ""));
  return by ? { by, reversed } : { by: "name", reversed: false };
}

export function sortText(sort: Sort): string {
  if (sort.by === "name" && !sort.reversed) return "";
  return (sort.reversed ? "-" : "") + sort.by;
}

export function asStanding(text: string): Standing | undefined {
  return standings.find((standing) => standing === text);
}

export function hasStanding(app: App, standing: Standing): boolean {
  // One whose web process has no instance serves nobody.
  const status = app.status === "live" && app.scale.web === 0 ? "stopped" : app.status;
  if (standing !== "deploy_failed") return status === standing;
  return app.last_deployment?.state === "failed" && app.status !== "failed";
}

/** How many apps stand how, what wants a person first; those that none has are left out. */
export function summaryOf(apps: readonly App[]): { standing: Standing; count: number }[] {
  return standings
    .map((standing) => ({ standing, count: apps.filter((app) => hasStanding(app, standing)).length }))
    .filter(({ count }) => count > 0);
}

/** Says whether each word of a search is in an app's name, addresses, or what went live last. */
export function matches(app: App, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const text = [
    app.name,
    ...app.urls,
    app.live_release?.description ?? "",
    app.last_deployment?.commit_message ?? "",
  ]
    .join("\n")
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

type Compare = (a: App, b: App) => number;

// app-2 before app-10.
const names = new Intl.Collator("en", { numeric: true });
const byName: Compare = (a, b) => names.compare(a.name, b.name);

/** Worst first for status, newest and busiest first for the others; equals are by name either way. */
export function sorted(
  apps: readonly App[],
  { by, reversed }: Sort,
  recent: ReadonlyMap<string, Recent>,
): App[] {
  const requests = new Map<string, number>();
  if (by === "requests")
    for (const app of apps) requests.set(app.id, totals(recent.get(app.id))?.requests ?? -1);
  const orders: Record<SortKey, Compare> = {
    name: byName,
    status: (a, b) => standings.indexOf(a.status) - standings.indexOf(b.status),
    deployed: (a, b) =>
      (b.last_deployment?.created_at ?? "").localeCompare(a.last_deployment?.created_at ?? ""),
    requests: (a, b) => (requests.get(b.id) ?? -1) - (requests.get(a.id) ?? -1),
  };
  const order = orders[by];
  return [...apps].sort((a, b) => (reversed ? order(b, a) : order(a, b)) || byName(a, b));
}
