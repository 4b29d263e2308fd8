import { describe, expect, it } from "vitest";
import { aDeployment } from "@/test/deployments";
import { ahead, cancelHurts } from "./cancel";

const build = { builder: "dockerfile", state: "running", digest: "", error: "" } as const;
const started_at = "2026-01-02T03:04:00Z";
const later = (s: number) => Date.parse(started_at) + s * 1000;

describe("cancelHurts", () => {
  it("does not in the queue, nor soon after", () => {
    expect(cancelHurts(aDeployment({ state: "queued" }), later(9999))).toBe(false);
    expect(cancelHurts(aDeployment({ state: "building", started_at }), later(59))).toBe(false);
  });
  it("does when a long build or a finished one is thrown away", () => {
    expect(cancelHurts(aDeployment({ state: "building", started_at }), later(60))).toBe(true);
    expect(cancelHurts(aDeployment({ state: "deploying", started_at, build }), later(2))).toBe(true);
  });
  it("does not for what was not built: it is soon made again", () => {
    expect(cancelHurts(aDeployment({ state: "deploying", trigger: "config", started_at }), later(2))).toBe(
      false,
    );
  });
});

describe("ahead", () => {
  it("is those of the app that are open and older, the next in turn first", () => {
    const me = aDeployment({ number: 5 });
    const others = [
      aDeployment({ number: 6 }),
      aDeployment({ number: 4, state: "cancelled" }),
      aDeployment({ number: 2, state: "building" }),
      aDeployment({ number: 3 }),
      aDeployment({ number: 1, app: "other" }),
    ];
    expect(ahead(me, others).map((d) => d.number)).toEqual([3, 2]);
  });
});
