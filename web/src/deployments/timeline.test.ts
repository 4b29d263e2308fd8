import { describe, expect, it } from "vitest";
import type { Deployment } from "@/api/types";
import { elapsed, timeline } from "./timeline";

const at = (s: number) => new Date(Date.UTC(2026, 0, 2, 3, 4, s)).toISOString();
const deployment = (part: Partial<Deployment>): Deployment => ({
  id: "d",
  app: "hello",
  number: 1,
  trigger: "push",
  state: "queued",
  reason: "",
  commit: "",
  commit_message: "",
  source_ref: "",
  image: "",
  release: 0,
  created_by: "ada@example.com",
  cancel_requested: false,
  queue_position: 0,
  created_at: at(0),
  ...part,
});
const words = (d: Deployment) => timeline(d).map((phase) => phase.status);
const seconds = (d: Deployment) =>
  timeline(d).map(({ from, to }) => (from === undefined || to === undefined ? null : (to - from) / 1000));

describe("timeline", () => {
  it("waits in the queue", () => {
    expect(words(deployment({}))).toEqual(["running", "waiting", "waiting", "waiting"]);
  });

  it("builds", () => {
    const d = deployment({ state: "building", started_at: at(2) });
    expect(words(d)).toEqual(["done", "running", "waiting", "waiting"]);
    expect(timeline(d)[1]).toMatchObject({ from: Date.parse(at(2)), to: undefined });
  });

  it("gives each phase its time when it succeeded", () => {
    const d = deployment({
      state: "succeeded",
      started_at: at(2),
      built_at: at(12),
      released_at: at(13),
      finished_at: at(20),
    });
    expect(words(d)).toEqual(["done", "done", "done", "done"]);
    expect(seconds(d)).toEqual([2, 10, 1, 7]);
  });

  it("says where it failed", () => {
    const build = deployment({ state: "failed", started_at: at(2), finished_at: at(5) });
    expect(words(build)).toEqual(["done", "failed", "unreached", "unreached"]);
    expect(seconds(build)).toEqual([2, 3, null, null]);
    const health = deployment({
      state: "failed",
      started_at: at(2),
      built_at: at(3),
      released_at: at(4),
      finished_at: at(30),
    });
    expect(words(health)).toEqual(["done", "done", "done", "failed"]);
    expect(seconds(health)).toEqual([2, 1, 1, 26]);
  });

  it("says where it was stopped", () => {
    expect(words(deployment({ state: "cancelled", finished_at: at(9) }))).toEqual([
      "cancelled",
      "unreached",
      "unreached",
      "unreached",
    ]);
    expect(words(deployment({ state: "superseded", finished_at: at(9) }))[0]).toBe("cancelled");
  });

  it("needs no build for a change of config", () => {
    const d = deployment({
      trigger: "config",
      state: "succeeded",
      started_at: at(1),
      released_at: at(2),
      finished_at: at(4),
    });
    expect(words(d)).toEqual(["done", "skipped", "done", "done"]);
    expect(seconds(d)).toEqual([1, null, 1, 2]);
  });

  it("needs neither build nor release to roll back", () => {
    const d = deployment({ trigger: "rollback", state: "succeeded", started_at: at(1), finished_at: at(2) });
    expect(words(d)).toEqual(["done", "skipped", "skipped", "done"]);
    expect(seconds(d)).toEqual([1, null, null, 1]);
    expect(words(deployment({ trigger: "rollback", state: "deploying", started_at: at(1) }))).toEqual([
      "done",
      "skipped",
      "skipped",
      "running",
    ]);
  });

  it("counts on until it is finished", () => {
    expect(elapsed(deployment({}), Date.parse(at(7)))).toBe(7000);
    expect(elapsed(deployment({ finished_at: at(3) }), Date.parse(at(59)))).toBe(3000);
  });
});
