import { describe, expect, it } from "vitest";
import { aDeployment } from "@/test/deployments";
import { arrange, isFiltering, matches, queryOf, readFilter } from "./filter";
import { compareSearch, deploymentSearch, deploymentsSearch, releasesSearch } from "./search";

describe("the address of a list", () => {
  it("is read as far as it is understood", () => {
    expect(readFilter({ state: "failed", app: "shop", trigger: "push", by: "ada@example.com" })).toEqual({
      state: "failed",
      app: "shop",
      trigger: "push",
      by: "ada@example.com",
    });
    const nothing = { state: undefined, app: undefined, trigger: undefined, by: undefined };
    expect(readFilter({ state: "exploded", app: 7, trigger: "magic", by: "", page: "2" })).toEqual(nothing);
    expect(isFiltering(readFilter({ state: "exploded" }))).toBe(false);
  });

  it("names no app where the page is of one", () => {
    expect(deploymentsSearch({ app: "other", state: "failed" })).not.toHaveProperty("app");
  });
});

describe("other addresses", () => {
  it("name releases by whole numbers only", () => {
    expect(compareSearch({ from: "3", to: 4 })).toEqual({ from: 3, to: 4 });
    expect(compareSearch({ from: "-1", to: "v4" })).toEqual({ from: undefined, to: undefined });
    expect(releasesSearch({ rollback: "2" })).toEqual({ rollback: 2 });
    expect(releasesSearch({ rollback: "1.5" })).toEqual({ rollback: undefined });
  });
  it("ask for the raw log or for nothing", () => {
    expect(deploymentSearch({ view: "raw", line: 12 })).toEqual({ view: "raw", line: 12 });
    expect(deploymentSearch({ line: "12-14" })).toEqual({ view: undefined, line: "12-14" });
    expect(deploymentSearch({ view: "raw", q: "boom", regex: true, page: 2 })).toEqual({
      view: "raw",
      q: "boom",
      regex: true,
    });
    expect(deploymentSearch({ view: "cooked", q: "boom", line: "x" })).toEqual({
      view: undefined,
      line: undefined,
    });
  });
});

describe("matches", () => {
  it("counts all that is not over as under way", () => {
    expect(matches(aDeployment({ state: "superseded" }), { state: "cancelled" })).toBe(false);
    expect(queryOf({ state: "running", by: "bob@example.com" })?.state).toContain("releasing");
    expect(queryOf({ state: "superseded" })?.state).toEqual(["superseded"]);
    expect(queryOf({ app: "shop" })).toBeUndefined();
    expect(matches(aDeployment({ state: "releasing" }), { state: "running" })).toBe(true);
    expect(matches(aDeployment({ state: "failed" }), { state: "running" })).toBe(false);
  });
  it("wants all of it", () => {
    const d = aDeployment({ state: "failed", trigger: "git", app: "shop", created_by: "bob@example.com" });
    expect(matches(d, { state: "failed", trigger: "git", app: "shop", by: "bob@example.com" })).toBe(true);
    expect(matches(d, { state: "failed", trigger: "push" })).toBe(false);
    expect(matches(d, { by: "ada@example.com" })).toBe(false);
  });
});

describe("arrange", () => {
  const page = (...items: ReturnType<typeof aDeployment>[]) => ({ items });

  it("puts what runs on top, and queues in their order", () => {
    const listed = arrange(
      [
        page(
          aDeployment({ number: 9, state: "queued", queue_position: 3 }),
          aDeployment({ number: 8, state: "queued", queue_position: 2 }),
          aDeployment({ number: 7, state: "cancelled" }),
          aDeployment({ number: 6, state: "building" }),
        ),
        page(aDeployment({ number: 5, state: "succeeded" })),
      ],
      {},
    );
    expect(listed.running.map((d) => d.number)).toEqual([6, 8, 9]);
    expect(listed.over.map((d) => d.number)).toEqual([7, 5]);
  });

  it("shows one that is on two pages once, as the newer page has it", () => {
    const listed = arrange(
      [
        page(aDeployment({ number: 2, state: "succeeded" })),
        page(aDeployment({ number: 2, state: "building" }), aDeployment({ number: 1, state: "failed" })),
      ],
      {},
    );
    expect(listed.over.map((d) => [d.number, d.state])).toEqual([
      [2, "succeeded"],
      [1, "failed"],
    ]);
    expect(listed.any).toBe(true);
  });

  it("offers the people that it knows of, and the one asked for", () => {
    const listed = arrange([page(aDeployment({ created_by: "bob@example.com", state: "failed" }))], {
      by: "eve@example.com",
    });
    expect(listed.people).toEqual(["bob@example.com", "eve@example.com"]);
    expect(listed.over).toEqual([]);
  });
});
