import type { Deployment } from "@/api/types";

// A build that has run for less is soon made again.
const worthAsking = 60_000;

/**
 * Says whether cancelling throws away what took a while, so that it is worth a
 * question: a long build, or a release that is being rolled out.
 */
export function cancelHurts(d: Deployment, now: number): boolean {
  if (d.state === "releasing" || d.state === "deploying") return d.build !== undefined;
  if (d.state !== "building" || !d.started_at) return false;
  return now - Date.parse(d.started_at) >= worthAsking;
}

/** Those of an app that go before a deployment that waits, the next in turn first. */
export function ahead(d: Deployment, others: readonly Deployment[]): Deployment[] {
  const open = ["queued", "building", "releasing", "deploying"];
  return others
    .filter((one) => one.app === d.app && one.number < d.number && open.includes(one.state))
    .sort((a, b) => b.number - a.number);
}
