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

/** How a deployment's output is shown: by steps unless the address says otherwise. */
export const deploymentSearch = (search: Record<string, unknown>): { view?: "raw" } => ({
  view: search.view === "raw" ? "raw" : undefined,
});

/** The release to ask about going back to. */
export const releasesSearch = (search: Record<string, unknown>): { rollback?: number } => ({
  rollback: version(search.rollback),
});

export const compareSearch = (search: Record<string, unknown>): { from?: number; to?: number } => ({
  from: version(search.from),
  to: version(search.to),
});
