import { describe, expect, it } from "vitest";
import type { App, Deployment } from "@/api/types";
import type { Recent } from "@/metrics/Sparkline";
import { anApp } from "@/test/app";
import { asSort, asStanding, hasStanding, matches, sorted, sortText, summaryOf } from "./list";

function deployed(
  name: string,
  state: Deployment["state"],
  created_at: string,
  part: Partial<App> = {},
): App {
  return anApp({
    id: name,
    name,
    last_deployment: { state, created_at, commit_message: "" } as Deployment,
    ...part,
  });
}

const shop = deployed("shop", "failed", "2026-01-03T00:00:00Z");
const docs = deployed("docs", "succeeded", "2026-01-05T00:00:00Z");
const blog = deployed("blog", "failed", "2026-01-01T00:00:00Z", { status: "failed" });
const fresh = anApp({ id: "fresh", name: "fresh", status: "new" });
const away = deployed("away", "succeeded", "2026-01-02T00:00:00Z", { status: "down" });
const all = [shop, docs, blog, fresh, away];

const names = (apps: App[]) => apps.map((app) => app.name).join(" ");

describe("the summary", () => {
  it("counts what wants a person first, and leaves out what none is", () => {
    expect(summaryOf(all)).toEqual([
      { standing: "down", count: 1 },
      { standing: "failed", count: 1 },
      { standing: "deploy_failed", count: 1 },
      { standing: "live", count: 2 },
      { standing: "new", count: 1 },
    ]);
  });

  it("tells an app that serves in spite of a failed deployment from one that never served", () => {
    expect(all.filter((app) => hasStanding(app, "deploy_failed"))).toEqual([shop]);
    expect(all.filter((app) => hasStanding(app, "failed"))).toEqual([blog]);
  });
});

describe("a search", () => {
  it("wants each word, in name, addresses or what was deployed", () => {
    const app = anApp({
      name: "shop",
      urls: ["https://buy.example.com"],
      last_deployment: { commit_message: "Mend the Cart" } as Deployment,
    });
    expect(matches(app, "")).toBe(true);
    expect(matches(app, " SHOP  cart ")).toBe(true);
    expect(matches(app, "buy.example")).toBe(true);
    expect(matches(app, "shop docs")).toBe(false);
  });
});

describe("the order", () => {
  const recent = new Map<string, Recent>([
    ["docs", { requests: [1, 2], errors: [0, 0] }],
    ["shop", { requests: [5, null], errors: [0, null] }],
  ]);

  it.each([
    ["", "away blog docs fresh shop"],
    ["-name", "shop fresh docs blog away"],
    ["status", "away blog docs shop fresh"],
    ["deployed", "docs shop away blog fresh"],
    ["-deployed", "fresh blog away shop docs"],
    ["requests", "shop docs away blog fresh"],
    ["nonsense", "away blog docs fresh shop"],
  ])("%s", (text, order) => {
    expect(names(sorted(all, asSort(text), recent))).toBe(order);
  });

  it("is kept in the URL, but for the one that is there anyhow", () => {
    for (const text of ["", "-name", "status", "-requests"]) expect(sortText(asSort(text))).toBe(text);
    expect(sortText(asSort("name"))).toBe("");
  });

  it("does not take what is no filter", () => {
    expect(asStanding("deploying")).toBe("deploying");
    expect(asStanding("lively")).toBeUndefined();
  });
});
