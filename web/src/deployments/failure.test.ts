import { describe, expect, it } from "vitest";
import type { Line } from "@/api/types";
import { aDeployment } from "@/test/deployments";
import { BuildLog } from "./buildlog";
import { exitCodeIn, failureOf } from "./failure";

let seq = 0;
const line = (part: Partial<Line>): Line => ({
  seq: ++seq,
  time: "2026-01-02T03:04:05Z",
  source: "build",
  text: "",
  ...part,
});

describe("exitCodeIn", () => {
  it("finds the code in the ways that builders and rollouts write it", () => {
    expect(exitCodeIn('step 2/3 RUN ["/app"]: exit code 7')).toBe(7);
    expect(exitCodeIn("executor failed running [/app]: exit code: 127")).toBe(127);
    expect(exitCodeIn("hello.web.v3.2: exited with code 0")).toBe(0);
    expect(exitCodeIn("git: exit status 128")).toBe(128);
    expect(exitCodeIn("nothing accepted connections on port 8080 within 1 m")).toBeUndefined();
  });
});

describe("failureOf", () => {
  it("is the step that failed with its last lines", () => {
    const log = new BuildLog();
    log.addLines([
      line({ step: { id: "a", name: "RUN make", status: "running" } }),
      ...Array.from({ length: 30 }, (_, i) => line({ step_id: "a", text: `line ${i}` })),
      line({ step: { id: "a", name: "RUN make", status: "failed", error: "exit code: 2" } }),
    ]);
    const failure = failureOf(
      aDeployment({ state: "failed", reason: "step 1/1 RUN make: exit code 2" }),
      log,
    );
    expect(failure).toMatchObject({ kind: "step", exitCode: 2 });
    expect(failure.lines.at(-1)?.text).toBe("line 29");
    expect(failure.lines.length).toBeLessThan(30);
  });

  it("is the instance that failed with what it said", () => {
    const log = new BuildLog();
    log.addLines([
      line({ source: "slipway", text: "The last lines of hello.web.v3.2:" }),
      line({ source: "app", instance: "hello.web.v3.2", text: "no such file" }),
    ]);
    const d = aDeployment({ state: "failed", reason: "hello.web.v3.2: exited with code 3" });
    expect(failureOf(d, log)).toMatchObject({ kind: "instance", instance: "hello.web.v3.2", exitCode: 3 });
    expect(failureOf(d, log).lines.map((one) => one.text)).toEqual(["no such file"]);
  });

  it("names the instance even without a log", () => {
    const d = aDeployment({ state: "failed", reason: "hello.web.v3.2: exited with code 3" });
    expect(failureOf(d, undefined)).toMatchObject({
      kind: "instance",
      instance: "hello.web.v3.2",
      lines: [],
    });
  });

  it("is neither where the engine was away", () => {
    const d = aDeployment({ state: "failed", reason: "the container engine is not answering" });
    expect(failureOf(d, new BuildLog())).toMatchObject({ kind: "other", exitCode: undefined });
  });
});
