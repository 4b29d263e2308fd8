import { describe, expect, it } from "vitest";
import type { Line } from "@/api/types";
import { type Block, BuildLog } from "./buildlog";

let seq = 0;
const line = (part: Partial<Line>): Line => ({
  seq: ++seq,
  time: new Date(Date.UTC(2026, 0, 1) + seq * 1000).toISOString(),
  source: "build",
  text: "",
  ...part,
});
const stepOf = (block: Block | undefined) => {
  if (block?.kind !== "step") throw new Error("not a step");
  return block.step;
};

describe("BuildLog", () => {
  it("puts output under its step, even when steps run side by side", () => {
    const log = new BuildLog();
    log.addLines([
      line({ source: "slipway", text: "Dockerfile found" }),
      line({ step: { id: "a", name: "FROM", status: "cached" } }),
      line({ step: { id: "b", name: "RUN one", status: "running" } }),
      line({ step: { id: "c", name: "RUN two", status: "running" } }),
      line({ step_id: "b", text: "from one" }),
      line({ step_id: "c", text: "from two" }),
      line({ step_id: "b", text: "more of one" }),
      line({ step: { id: "b", name: "RUN one", status: "done", duration_ms: 1500 } }),
      line({ step: { id: "c", name: "RUN two", status: "failed", error: "exit code 7" } }),
    ]);
    expect(log.blocks.map((block) => block.kind)).toEqual(["lines", "step", "step", "step"]);
    expect(stepOf(log.blocks[1]).status).toBe("cached");
    expect(stepOf(log.blocks[2])).toMatchObject({ status: "done", durationMs: 1500 });
    expect(stepOf(log.blocks[2]).lines.map((one) => one.text)).toEqual(["from one", "more of one"]);
    expect(stepOf(log.blocks[3])).toMatchObject({ status: "failed", error: "exit code 7", durationMs: 5000 });
    expect(log.totals).toMatchObject({ steps: 3, cached: 1 });
  });

  it("takes a line once, and resumes after it", () => {
    const log = new BuildLog();
    const first = line({ source: "slipway", text: "one" });
    log.addLines([first]);
    log.addLines([first]);
    expect(log.cursor).toBe(first.seq);
    expect(log.blocks).toMatchObject([{ kind: "lines", lines: [{ text: "one" }] }]);
  });

  it("keeps a gap in its place", () => {
    const log = new BuildLog();
    log.addLines([line({ source: "app", text: "before" })]);
    const from = seq + 1;
    seq += 10;
    log.addGap({ from, to: seq, reason: "expired" });
    log.addLines([line({ source: "app", text: "after" })]);
    expect(log.blocks.map((block) => block.kind)).toEqual(["lines", "gap", "lines"]);
  });

  it("leaves no step running when the deployment has ended", () => {
    const stopped = new BuildLog();
    stopped.addLines([line({ step: { id: "a", name: "RUN sleep", status: "running" } })]);
    stopped.end(false);
    expect(stepOf(stopped.blocks[0]).status).toBe("stopped");
    const failed = new BuildLog();
    failed.addLines([line({ step: { id: "a", name: "RUN sleep", status: "running" } })]);
    failed.end(true);
    expect(stepOf(failed.blocks[0]).status).toBe("failed");
  });

  it("keeps the newest of very long output", () => {
    const log = new BuildLog();
    log.addLines([line({ step: { id: "a", name: "RUN", status: "running" } })]);
    for (let i = 0; i < 45_000; i++) log.addLines([line({ step_id: "a", text: `${i}` })]);
    const step = stepOf(log.blocks[0]);
    expect(step.lines.length).toBeLessThanOrEqual(20_000);
    expect(step.lines.length + step.dropped).toBe(45_000);
    expect(step.lines.at(-1)?.text).toBe("44999");
  });
});
