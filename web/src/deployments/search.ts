import type { LogSearch } from "@/logs/query";
import type { DeploymentFilter } from "./filter";
import { readFilter } from "./filter";

/** What the addresses of the pages about deployments and releases hold. */
const version = (value: unknown) => {
  const n = Number(value);
  return Number.isInteger(n) && n > 0 && n < 1e9 ? n : undefined;
};

export const allDeploymentsSearch = (search: Record<string, unknown>): DeploymentFilter => readFilter(search);

export const deploymentsSearch = (search: Record<string, unknown>): Omit<DeploymentFilter, "app"> => {
  const { app: _, ...rest } = readFilter(search);
  return rest;
};

// What the pane of the raw log writes there, and reads as far as it understands it.
const logFilters = ["q", "regex", "case", "mark", "process", "instance", "stream", "level"] as const;

/** How a deployment's output is shown, by steps unless the address says otherwise, and what the raw log is narrowed to. */
export const deploymentSearch = (search: Record<string, unknown>): LogSearch & { view?: "raw" } => {
  const line = String(search.line ?? "");
  const raw = search.view === "raw";
  const filters = raw ? logFilters.filter((name) => search[name] !== undefined) : [];
  return {
    ...Object.fromEntries(filters.map((name) => [name, search[name]])),
    view: raw ? "raw" : undefined,
    // A number stands in the address as it is, a word that looks like one in quotes.
    line: /^\d{1,15}$/.test(line) ? Number(line) : /^\d{1,15}-\d{1,15}$/.test(line) ? line : undefined,
  };
};

/** The release to ask about going back to. */
export const releasesSearch = (search: Record<string, unknown>): { rollback?: number } => ({
  rollback: version(search.rollback),
});

export const compareSearch = (search: Record<string, unknown>): { from?: number; to?: number } => ({
  from: version(search.from),
  to: version(search.to),
});
