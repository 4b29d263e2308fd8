import type { Deployment } from "@/api/types";

/** A deployment where it stands on the graphs. */
export interface Mark {
  /** Unix seconds: when it ended. */
  at: number;
  number: number;
  /** The release that went live; 0 for a deployment that failed. */
  version: number;
  deployment: Deployment;
}

/** The deployments that went live or failed between two times in Unix seconds, oldest first. */
export function marksOf(deployments: readonly Deployment[], from: number, to: number): Mark[] {
  const marks: Mark[] = [];
  for (const deployment of deployments) {
    const { state, finished_at } = deployment;
    if (!finished_at || (state !== "succeeded" && state !== "failed")) continue;
    const at = Date.parse(finished_at) / 1000;
    if (at < from || at > to) continue;
    marks.push({
      at,
      number: deployment.number,
      version: state === "succeeded" ? deployment.release : 0,
      deployment,
    });
  }
  return marks.sort((a, b) => a.at - b.at);
}

/** The marks within so many seconds of a time. */
export function marksNear(marks: readonly Mark[], time: number, within: number): Mark[] {
  return marks.filter((mark) => Math.abs(mark.at - time) <= within);
}
