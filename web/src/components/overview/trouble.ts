import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/client";
import { keys } from "@/api/queries";
import type { App, Deployment, Instance, Line } from "@/api/types";
import { detectLevel } from "@/logs/level";

/** What is wrong with an app; undefined when nothing is. */
export type Trouble =
  | { kind: "deployment"; deployment: Deployment }
  | { kind: "down"; restarts: number }
  | { kind: "restarting"; restarts: number };

// An instance that has run for so long has got over it.
const recent = 10 * 60_000;

/**
 * Says what is wrong, the worst first: nothing answers, the newest deployment
 * failed, or instances keep being started again.
 */
export function troubleOf(app: App, instances: readonly Instance[], now: number): Trouble | undefined {
  const restarting = instances.filter(
    (i) =>
      i.state === "exited" ||
      i.state === "unhealthy" ||
      (i.restarts > 0 && i.started_at !== undefined && now - Date.parse(i.started_at) < recent),
  );
  const restarts = restarting.reduce((sum, i) => sum + i.restarts, 0);
  if (app.status === "down") return { kind: "down", restarts };
  const last = app.last_deployment;
  if (last?.state === "failed") return { kind: "deployment", deployment: last };
  return restarting.length > 0 ? { kind: "restarting", restarts } : undefined;
}

const shown = 8;

/** The last lines that tell of an error: those that say so themselves, and of those that say nothing what went to stderr. */
export function errorLines(lines: readonly Line[]): Line[] {
  return lines.filter((line) => line.source === "app" && isError(line)).slice(-shown);
}

function isError(line: Line): boolean {
  const level = detectLevel(line.text);
  return level ? level === "error" || level === "fatal" : line.stream === "stderr";
}

/** The last lines that a deployment's build or instances wrote; what only names a step is none. */
export function outputLines(lines: readonly Line[]): Line[] {
  return lines.filter((line) => !line.step && !line.state && line.text.trim() !== "").slice(-shown);
}

export const troubleQueries = {
  deployment: (app: string, number: number) =>
    queryOptions({
      queryKey: [...keys.part(app, "deployment"), number, "last-lines"] as const,
      queryFn: async () => outputLines((await api.lastDeploymentLines(app, number, 200)).lines),
    }),
  errors: (app: string) =>
    queryOptions({
      queryKey: [...keys.part(app, "instances"), "errors"] as const,
      queryFn: async () => errorLines((await api.lastLines(app, 1000)).lines),
      refetchInterval: 15_000,
    }),
};
