import type { App, Instance } from "@/api/types";
import { compareProcess } from "@/metrics/model";

/** So many instances a process may have; the server holds it too. */
export const mostInstances = 50;

/** Reads a number of instances; undefined when it is none that can be wanted. */
export function parseCount(text: string): number | undefined {
  if (!/^\s*\d{1,4}\s*$/.test(text)) return undefined;
  const n = Number(text);
  return n <= mostInstances ? n : undefined;
}

export type Effect =
  | { kind: "more" | "fewer"; process: string; n: number; web: boolean }
  | { kind: "first" | "none"; process: string; n: number; web: boolean };

/** What follows when processes are scaled, one entry for each that changes. */
export function effectsOf(now: Record<string, number>, wanted: Record<string, number>): Effect[] {
  const effects: Effect[] = [];
  for (const process of Object.keys(wanted).sort(compareProcess)) {
    const before = now[process] ?? 0;
    const after = wanted[process] ?? before;
    if (after === before) continue;
    const n = Math.abs(after - before);
    const kind = after === 0 ? "none" : before === 0 ? "first" : after > before ? "more" : "fewer";
    effects.push({ kind, process, n, web: process === "web" });
  }
  return effects;
}

/** The processes of an app, with the instances of each in order. */
export function byProcess(
  app: App,
  instances: readonly Instance[],
): { process: string; instances: Instance[] }[] {
  const names = new Set([...Object.keys(app.scale), ...instances.map((i) => i.process)]);
  return [...names].sort(compareProcess).map((process) => ({
    process,
    instances: instances
      .filter((i) => i.process === process)
      .sort((a, b) => b.release - a.release || a.index - b.index),
  }));
}
