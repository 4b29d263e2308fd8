import { describe, expect, it } from "vitest";
import type { ClusterNode } from "@/api/types";
import { aNode } from "@/test/clusters";
import {
  filterNodes,
  fullness,
  hiddenOn,
  lookFor,
  matrixOf,
  orders,
  placesOf,
  type ShownNode,
  sortNodes,
} from "./model";

const names = (shown: ShownNode[]) => shown.map(({ node }) => node.name);
const plain = (node: ClusterNode): ShownNode => ({ node, apps: undefined });

describe("placesOf", () => {
  it("groups instances by app, in the order of their numbers", () => {
    const groups = placesOf([
      { app: "docs", process: "web", release: 2, healthy: [1] },
      { app: "shop", process: "web", release: 7, healthy: [1, 3], unhealthy: [2] },
      { app: "shop", process: "worker", release: 7, starting: [1] },
    ]);
    expect(groups.map(({ app }) => app)).toEqual(["docs", "shop"]);
    expect(groups[1]?.places.map(({ key, state }) => [key, state])).toEqual([
      ["shop.web.v7.1", "healthy"],
      ["shop.web.v7.2", "unhealthy"],
      ["shop.web.v7.3", "healthy"],
      ["shop.worker.v7.1", "starting"],
    ]);
  });
});

describe("filterNodes", () => {
  const one = aNode("node-1", [{ app: "shop", process: "web", release: 1, healthy: [1] }]);
  const two = aNode("node-2", [
    { app: "docs", process: "web", release: 1, exited: [1] },
    { app: "workshop", process: "web", release: 1, healthy: [1] },
  ]);
  const three = aNode("node-3", [], { state: "down", labels: { disk: "ssd" } });
  const all = [one, two, three];

  it("finds apps, and says which of them on each node", () => {
    const found = filterNodes(all, { text: " Shop " });
    expect(names(found)).toEqual(["node-1", "node-2"]);
    expect([...(found[1]?.apps ?? [])]).toEqual(["workshop"]);
  });
  it("finds nodes by name, address and label, with all that runs on them", () => {
    expect(filterNodes(all, { text: "node-2" })).toEqual([plain(two)]);
    expect(names(filterNodes(all, { text: "disk=ss" }))).toEqual(["node-3"]);
    expect(names(filterNodes(all, { text: one.address }))).toEqual(["node-1", "node-2", "node-3"]);
  });
  it("leaves those in a state, or with trouble", () => {
    expect(names(filterNodes(all, { text: "", state: "ready" }))).toEqual(["node-1", "node-2"]);
    expect(names(filterNodes(all, { text: "", state: "trouble" }))).toEqual(["node-2", "node-3"]);
    expect(filterNodes(all, { text: "shop", state: "down" })).toEqual([]);
  });
});

describe("sortNodes", () => {
  const nodes = [
    aNode("node-10", [{ app: "a", process: "web", release: 1, healthy: [1] }]),
    aNode("node-9", [{ app: "a", process: "web", release: 1, healthy: [2, 3], exited: [4] }]),
    aNode("node-1", [], { state: "down" }),
  ].map(plain);

  it("counts as people do", () => {
    expect(names(sortNodes(nodes, "name"))).toEqual(["node-1", "node-9", "node-10"]);
  });
  it("puts the most first, and trouble before all", () => {
    expect(names(sortNodes(nodes, "instances"))).toEqual(["node-9", "node-10", "node-1"]);
    expect(names(sortNodes(nodes, "trouble"))).toEqual(["node-1", "node-9", "node-10"]);
  });
  it("loses none and changes nothing, whatever the order", () => {
    const before = names(nodes);
    for (const order of orders) expect(sortNodes(nodes, order)).toHaveLength(3);
    expect(names(nodes)).toEqual(before);
  });
});

describe("fullness", () => {
  it("goes by what was measured, and else by what may be used", () => {
    const node = aNode("n", [], {
      memory_bytes: 100,
      limits: { cpu_milli: 0, memory_bytes: 80 },
      used: { cpu_milli: 0, memory_bytes: 20 },
    });
    expect(fullness(node, "memory")).toBe(0.2);
    expect(fullness({ ...node, used: undefined }, "memory")).toBe(0.8);
    expect(fullness({ ...node, memory_bytes: 0 }, "memory")).toBe(0);
  });
});

describe("matrixOf", () => {
  const node = aNode("n", [
    { app: "a", process: "web", release: 1, healthy: [1, 2], exited: [3] },
    { app: "b", process: "web", release: 1, healthy: [1] },
  ]);
  const marks = (path: string | undefined) => (path?.match(/M/g) ?? []).length;

  it("draws each instance once, by its state", () => {
    const matrix = matrixOf(plain(node), 16, 4);
    expect(marks(matrix?.paths.healthy)).toBe(3);
    expect(marks(matrix?.paths.exited)).toBe(1);
    expect(matrix?.dim).toBe("");
  });
  it("has what a filter is not about stand back", () => {
    const matrix = matrixOf({ node, apps: new Set(["b"]) }, 16, 4);
    expect(marks(matrix?.paths.healthy)).toBe(1);
    expect(marks(matrix?.dim)).toBe(3);
  });
  it("gives up where there is no room", () => {
    expect(matrixOf(plain(node), 2, 1)).toBeUndefined();
  });
});

it("counts what one does not see", () => {
  const node = aNode("n", [{ app: "a", process: "web", release: 1, healthy: [1, 2] }]);
  expect(hiddenOn(node)).toBe(0);
  expect(hiddenOn({ ...node, instances: 5 })).toBe(3);
});

it("shows few nodes in detail and many as tiles", () => {
  expect([1, 3, 12, 13, 300].map(lookFor)).toEqual(["cards", "cards", "cards", "tiles", "tiles"]);
});
