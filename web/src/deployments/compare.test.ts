import { describe, expect, it } from "vitest";
import type { Deployment } from "@/api/types";
import { aDeployment, aRelease } from "@/test/deployments";
import { compareReleases, liveSince, neverLive, pair, previousLive, sizeOf } from "./compare";

const web = { name: "web", command: [] as string[], port: 8080, health_path: "" };

describe("compareReleases", () => {
  it("finds nothing between two that are alike", () => {
    expect(compareReleases(aRelease({}), aRelease({ version: 2 }))).toMatchObject({
      commit: false,
      image: false,
      none: true,
    });
  });

  it("names what config came and went, and what stayed", () => {
    const from = aRelease({ config_names: ["A", "B"] });
    const to = aRelease({ config_names: ["B", "C"] });
    expect(compareReleases(from, to).config).toEqual({ added: ["C"], removed: ["A"], kept: ["B"] });
    expect(compareReleases(to, from).config).toEqual({ added: ["A"], removed: ["C"], kept: ["B"] });
    expect(compareReleases(from, to).none).toBe(false);
  });

  it("tells processes apart by all that they are", () => {
    const from = aRelease({ processes: [web, { ...web, name: "worker", port: 0 }] });
    const to = aRelease({
      processes: [
        { ...web, name: "cron", port: 0 },
        { ...web, health_path: "/healthz" },
      ],
    });
    expect(compareReleases(from, to).processes.map((p) => [p.name, p.kind])).toEqual([
      ["web", "changed"],
      ["cron", "added"],
      ["worker", "removed"],
    ]);
  });

  it("does not take two words of a command for one", () => {
    const from = aRelease({ processes: [{ ...web, command: ["run", "a b"] }] });
    const to = aRelease({ processes: [{ ...web, command: ["run", "a", "b"] }] });
    expect(compareReleases(from, to).processes[0]?.kind).toBe("changed");
  });

  it("compares images by digest, and by name only where one has none", () => {
    expect(compareReleases(aRelease({ image: "a" }), aRelease({ image: "b" })).image).toBe(false);
    expect(
      compareReleases(aRelease({ image: "a", digest: "" }), aRelease({ image: "b", digest: "" })).image,
    ).toBe(true);
  });

  it("knows a difference of sizes only where both are known", () => {
    const sized = (image_size_bytes: number) => Object.assign(aRelease({}), { image_size_bytes });
    expect(compareReleases(sized(5_000_000), sized(3_000_000)).size.by).toBe(-2_000_000);
    expect(compareReleases(sized(0), sized(3_000_000)).size).toEqual({
      from: undefined,
      to: 3_000_000,
      by: undefined,
    });
    expect(sizeOf(aRelease({}))).toBeUndefined();
  });
});

describe("what a rollback goes back to", () => {
  const ran = (...rows: [string, number][]) => rows.map(([state, release]) => ({ state, release }));

  it("is the release that was live before, not one that failed", () => {
    expect(
      previousLive(
        ran(["failed", 5], ["succeeded", 4], ["succeeded", 4], ["cancelled", 3], ["succeeded", 2]),
        4,
      ),
    ).toBe(2);
    expect(previousLive(ran(["succeeded", 1]), 1)).toBe(0);
    expect(previousLive(ran(["succeeded", 0]), 1)).toBe(0);
  });

  it("is after a rollback what was rolled back from", () => {
    expect(previousLive(ran(["succeeded", 1], ["succeeded", 2], ["succeeded", 1]), 1)).toBe(2);
  });
});

describe("liveSince", () => {
  const ran = (...rows: [number, string, number][]) =>
    rows.map(([number, state, release]) => ({ number, state, release }));

  it("is the first of the deployments in a row that made it live", () => {
    const rows = ran(
      [5, "failed", 4],
      [4, "succeeded", 1],
      [3, "succeeded", 1],
      [2, "succeeded", 2],
      [1, "succeeded", 1],
    );
    expect(liveSince(rows, 1)?.number).toBe(3);
  });

  it("is not known when what is held tells of another release", () => {
    expect(liveSince(ran([2, "succeeded", 2]), 1)).toBeUndefined();
    expect(liveSince([], 1)).toBeUndefined();
  });
});

describe("neverLive", () => {
  const tried = (...states: Deployment["state"][]) =>
    neverLive(
      states.map((state, number) => aDeployment({ number, state, release: 3 })),
      3,
    );
  it("is what no deployment has brought live", () => {
    expect(tried("failed", "cancelled")).toBe(true);
    expect(tried("failed", "succeeded")).toBe(false);
  });
  it("is not said while one tries, nor of what nothing is known of", () => {
    expect(tried("deploying")).toBe(false);
    expect(tried()).toBe(false);
  });
});

describe("pair", () => {
  it("is what the address says", () => {
    expect(pair([3, 2, 1], 3, 1, 2)).toEqual({ from: 1, to: 2 });
  });
  it("is otherwise the live one and the one before it", () => {
    expect(pair([4, 3, 2, 1], 3, undefined, undefined)).toEqual({ from: 2, to: 3 });
    expect(pair([2, 1], 0, undefined, undefined)).toEqual({ from: 1, to: 2 });
  });
  it("fills in the one that the address leaves out", () => {
    expect(pair([3, 2, 1], 3, 1, undefined)).toEqual({ from: 1, to: 3 });
    expect(pair([3, 2, 1], 3, undefined, 1)).toEqual({ from: 3, to: 1 });
    expect(pair([3, 2, 1], 3, 3, undefined)).toEqual({ from: 3, to: 2 });
  });
  it("needs two", () => {
    expect(pair([1], 1, undefined, undefined)).toBeUndefined();
    expect(pair([], 0, undefined, undefined)).toBeUndefined();
  });
});
