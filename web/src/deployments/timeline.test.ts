import { describe, expect, it } from "vitest";
import type { Deployment } from "@/api/types";
import { aDeployment } from "@/test/deployments";
import { Marks } from "./marks";
import { type Draining, elapsed, partsOf, type Span, share, timeline } from "./timeline";

const at = (s: number) => new Date(Date.UTC(2026, 0, 2, 3, 4, s)).toISOString();
const deployment = (part: Partial<Deployment>): Deployment => aDeployment({ created_at: at(0), ...part });
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

describe("partsOf", () => {
  const ms = (s: number) => Date.parse(at(s));
  const gone: Draining = { instances: 0, versions: [], endedAt: undefined, none: false };
  const marks = (healthy?: number, switched?: number) => {
    const said = new Marks();
    said.started.set("web", 2);
    if (healthy !== undefined) said.healthyAt.set("web", ms(healthy));
    said.switchedAt = switched === undefined ? undefined : ms(switched);
    return said;
  };
  const span = (status: Span["status"], to?: number): Span => ({
    status,
    from: ms(10),
    to: to === undefined ? undefined : ms(to),
  });
  const shown = (deploying: Span, said: Marks | undefined, draining = gone) =>
    partsOf(deploying, said, draining).map((part) => [
      part.name,
      part.status,
      part.from === undefined || part.to === undefined ? null : (part.to - part.from) / 1000,
    ]);

  it("waits for health, then for the routers", () => {
    expect(shown(span("running"), marks())).toEqual([
      ["health", "running", null],
      ["switch", "waiting", null],
      ["drain", "waiting", null],
    ]);
    expect(shown(span("running"), marks(14))).toEqual([
      ["health", "done", 4],
      ["switch", "running", null],
      ["drain", "waiting", null],
    ]);
  });

  it("tells the parts of a success apart", () => {
    expect(shown(span("done", 17), marks(14, 16))).toEqual([
      ["health", "done", 4],
      ["switch", "done", 2],
      ["drain", "done", null],
    ]);
  });

  it("says which part failed", () => {
    expect(shown(span("failed", 40), marks())).toEqual([
      ["health", "failed", 30],
      ["switch", "unreached", null],
      ["drain", "unreached", null],
    ]);
    expect(shown(span("failed", 40), marks(14))[1]).toEqual(["switch", "failed", 26]);
  });

  it("drains after the success, and says how long when it was seen", () => {
    const drain = (draining: Partial<Draining>) =>
      shown(span("done", 17), marks(14, 16), { ...gone, ...draining })[2];
    expect(drain({ instances: 2, versions: [3] })).toEqual(["drain", "running", null]);
    expect(drain({ endedAt: ms(20) })).toEqual(["drain", "done", 3]);
    const warm = { version: 3, until: at(600) };
    expect(drain({ warm })).toEqual(["drain", "waiting", null]);
    expect(drain({ warm, instances: 1, versions: [2] })).toEqual(["drain", "running", null]);
    expect(drain({ none: true })).toEqual(["drain", "skipped", null]);
  });

  it("does not guess without a log", () => {
    expect(shown(span("done", 17), undefined)).toEqual([
      ["health", "done", 7],
      ["switch", "done", null],
      ["drain", "done", null],
    ]);
  });
});

describe("share", () => {
  const whole = { from: 1000, to: 5000 };
  it("is drawn to scale, and never outside", () => {
    expect(share({ status: "done", from: 2000, to: 4000 }, whole, 0)).toEqual({ left: 25, width: 50 });
    expect(share({ status: "running", from: 4000, to: undefined }, whole, 5000)).toEqual({
      left: 75,
      width: 25,
    });
    expect(share({ status: "done", from: 500, to: 9000 }, whole, 0)).toEqual({ left: 0, width: 100 });
    expect(share({ status: "waiting", from: undefined, to: undefined }, whole, 0)).toBeUndefined();
  });
  it("knows no division by nothing", () => {
    const drawn = share({ status: "done", from: 1000, to: 1000 }, { from: 1000, to: 1000 }, 0);
    expect(drawn).toEqual({ left: 0, width: 0 });
  });
});
