import type { Deployment } from "@/api/types";

/** An automatic return: what was taken back and what took it back, as far as either is known. */
export interface Return {
  bad: Deployment | undefined;
  back: Deployment | undefined;
  /** The release that it went back to; 0 while that is not known. */
  to: number;
  why: string;
}

/** The return that a deployment is a part of, told from the newest deployments of its app; undefined when it is of none. */
export function returnOf(d: Deployment, near: readonly Deployment[]): Return | undefined {
  const done = near.filter((one) => one.state === "succeeded");
  if (d.trigger === "return") {
    const before = done.filter((one) => one.number < d.number);
    const bad = before.find((one) => one.watch?.verdict === "returned") ?? before[0];
    return { bad, back: d, to: d.from_release, why: d.cause || bad?.watch?.note || "" };
  }
  if (d.watch?.verdict !== "returned") return undefined;
  const back = near.findLast((one) => one.number > d.number && one.trigger === "return");
  return { bad: d, back, to: back?.from_release ?? 0, why: d.watch.note || back?.cause || "" };
}

// So much before and after is shown, in seconds.
const around = 10 * 60;
const kept = 24 * 60 * 60;

/** The stretch of time around a return, in Unix seconds, and the least range of figures that has it; undefined when they are gone. */
export function stretchOf(
  { bad, back }: Pick<Return, "bad" | "back">,
  now: number,
): { from: number; to: number; range: "1h" | "6h" | "24h" } | undefined {
  if (!bad?.finished_at) return undefined;
  const from = Date.parse(bad.finished_at) / 1000 - around;
  const ended = back?.finished_at ? Date.parse(back.finished_at) / 1000 : now;
  const age = now - from;
  if (age > kept) return undefined;
  const range = age <= 3600 ? "1h" : age <= 6 * 3600 ? "6h" : "24h";
  return { from, to: ended + around, range };
}
