import { type Deployment, type Release, terminal } from "@/api/types";

export type Process = Release["processes"][number];

export interface ProcessChange {
  name: string;
  kind: "added" | "removed" | "changed" | "same";
  from: Process | undefined;
  to: Process | undefined;
}

export interface ReleaseDifference {
  commit: boolean;
  image: boolean;
  config: { added: string[]; removed: string[]; kept: string[] };
  processes: ProcessChange[];
  /** Bytes; absent where the size of an image is not known. */
  size: { from: number | undefined; to: number | undefined; by: number | undefined };
  /** As far as the API tells, the two are alike; values of config vars may differ. */
  none: boolean;
}

/** What is another in one release than in another; config by name only. */
export function compareReleases(from: Release, to: Release): ReleaseDifference {
  const commit = from.commit !== to.commit;
  const image = from.digest && to.digest ? from.digest !== to.digest : from.image !== to.image;
  const config = {
    added: to.config_names.filter((name) => !from.config_names.includes(name)),
    removed: from.config_names.filter((name) => !to.config_names.includes(name)),
    kept: to.config_names.filter((name) => from.config_names.includes(name)),
  };
  const processes = compareProcesses(from.processes, to.processes);
  const before = sizeOf(from);
  const after = sizeOf(to);
  const size = {
    from: before,
    to: after,
    by: before === undefined || after === undefined ? undefined : after - before,
  };
  const none =
    !commit &&
    !image &&
    config.added.length + config.removed.length === 0 &&
    processes.every((p) => p.kind === "same");
  return { commit, image, config, processes, size, none };
}

/** The size of a release's image in bytes, when it is known. */
export function sizeOf(release: Release): number | undefined {
  return release.image_size_bytes || undefined;
}

function compareProcesses(from: Process[], to: Process[]): ProcessChange[] {
  const names = [...new Set([...to, ...from].map((p) => p.name))];
  // The one that takes the requests first, as everywhere.
  names.sort((a, b) => Number(b === "web") - Number(a === "web") || a.localeCompare(b));
  return names.map((name) => {
    const before = from.find((p) => p.name === name);
    const after = to.find((p) => p.name === name);
    const kind = !before ? "added" : !after ? "removed" : alike(before, after) ? "same" : "changed";
    return { name, kind, from: before, to: after };
  });
}

function alike(a: Process, b: Process): boolean {
  return (
    a.port === b.port && a.health_path === b.health_path && a.command.join("\0") === b.command.join("\0")
  );
}

/**
 * The release that was live before: that of the last succeeded deployment of
 * another release, which is what a rollback without a version goes back to.
 * 0 when none is known.
 */
export function previousLive(
  deployments: readonly { state: string; release: number }[],
  live: number,
): number {
  return (
    deployments.find((d) => d.state === "succeeded" && d.release > 0 && d.release !== live)?.release ?? 0
  );
}

/** The deployment that made a release the live one last; none when it is too long ago to be held. */
export function liveSince<D extends { state: string; release: number }>(
  deployments: readonly D[],
  live: number,
): D | undefined {
  const last = deployments.find((d) => d.state === "succeeded" && d.release > 0);
  if (last?.release !== live) return undefined;
  // A release that was deployed several times in a row has been live since the first of them.
  let since = last;
  for (const d of deployments) {
    if (d.state !== "succeeded" || d.release === 0) continue;
    if (d.release !== live) break;
    since = d;
  }
  return since;
}

/** Says whether all attempts to make a release live are known to have ended without success. */
export function neverLive(deployments: readonly Deployment[], version: number): boolean {
  const own = deployments.filter((d) => d.release === version);
  return own.length > 0 && own.every((d) => terminal(d.state) && d.state !== "succeeded");
}

/** Which two releases to compare when the address names none, or only one. */
export function pair(
  versions: readonly number[],
  live: number,
  from: number | undefined,
  to: number | undefined,
): { from: number; to: number } | undefined {
  const newest = [...versions].sort((a, b) => b - a);
  const end =
    to ?? (from !== undefined && from === live ? newest.find((v) => v !== from) : live || newest[0]);
  if (end === undefined) return undefined;
  const start = from ?? newest.find((v) => v < end) ?? newest.find((v) => v !== end);
  return start === undefined ? undefined : { from: start, to: end };
}
