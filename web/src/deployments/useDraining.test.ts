import { describe, expect, it } from "vitest";
import type { Instance } from "@/api/types";
import { anApp } from "@/test/app";
import { aDeployment } from "@/test/deployments";
import { drainingOf } from "./useDraining";

const instance = (release: number, state: Instance["state"] = "healthy"): Instance => ({
  name: `hello.web.v${release}.1`,
  address: "",
  node: "",
  process: "web",
  index: 1,
  release,
  state,
  exit_code: 0,
  oom_killed: false,
  restarts: 0,
});
const live = (version: number) => ({ version, description: "", commit: "", created_at: "" });
const d = aDeployment({ state: "succeeded", release: 3 });

describe("what drains", () => {
  it("is what runs of the releases before", () => {
    const app = anApp({ live_release: live(3) });
    const seen = [instance(3), instance(2), instance(1), instance(1, "exited")];
    expect(drainingOf(d, app, seen)).toEqual({ instances: 2, versions: [1, 2] });
  });

  it("is not what is kept warm", () => {
    const warm = { version: 2, until: "2026-01-02T03:14:05Z" };
    const app = anApp({ live_release: live(3), warm_release: warm });
    expect(drainingOf(d, app, [instance(3), instance(2)])).toEqual({ instances: 0, versions: [], warm });
    expect(drainingOf(d, app, [instance(2), instance(1)])).toEqual({ instances: 1, versions: [1], warm });
  });

  it("is nothing where another release is live", () => {
    const app = anApp({ live_release: live(4) });
    expect(drainingOf(d, app, [instance(3)])).toEqual({ instances: 0, versions: [] });
  });
});
