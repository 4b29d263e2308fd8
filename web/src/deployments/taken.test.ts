import { describe, expect, it } from "vitest";
import { aDeployment } from "@/test/deployments";
import { returnOf, stretchOf } from "./taken";

const watch = (verdict: "open" | "kept" | "returned", note = "") => ({
  verdict,
  note,
  until: "2026-01-02T03:10:00Z",
});
const good = aDeployment({ number: 1, state: "succeeded", release: 1 });
const bad = aDeployment({
  number: 2,
  state: "succeeded",
  release: 2,
  finished_at: "2026-01-02T03:00:00Z",
  watch: watch("returned", "42% of the requests failed"),
});
const back = aDeployment({
  number: 3,
  state: "succeeded",
  trigger: "return",
  from_release: 1,
  release: 1,
  created_by: "",
  cause: "errors rose",
  finished_at: "2026-01-02T03:02:00Z",
});
const near = [back, bad, good];

describe("a return", () => {
  it("is told from both of its ends", () => {
    expect(returnOf(back, near)).toEqual({ bad, back, to: 1, why: "errors rose" });
    expect(returnOf(bad, near)).toEqual({ bad, back, to: 1, why: "42% of the requests failed" });
  });

  it("is none where nobody went back", () => {
    expect(returnOf(good, near)).toBeUndefined();
    expect(returnOf(aDeployment({ state: "succeeded", watch: watch("kept") }), near)).toBeUndefined();
    expect(returnOf(aDeployment({ state: "succeeded", watch: watch("open") }), near)).toBeUndefined();
  });

  it("stands alone while the other end is not known", () => {
    expect(returnOf(bad, [bad])).toMatchObject({ bad, back: undefined, to: 0 });
    expect(returnOf(back, [])).toMatchObject({ bad: undefined, back, to: 1, why: "errors rose" });
  });
});

describe("the stretch of a return", () => {
  const at = Date.parse("2026-01-02T03:00:00Z") / 1000;

  it("reaches from ten minutes before to ten minutes after, in the least range that has it", () => {
    expect(stretchOf({ bad, back }, at + 300)).toEqual({ from: at - 600, to: at + 720, range: "1h" });
    expect(stretchOf({ bad, back }, at + 3600)?.range).toBe("6h");
    expect(stretchOf({ bad, back }, at + 20 * 3600)?.range).toBe("24h");
  });

  it("is none once its figures are gone", () => {
    expect(stretchOf({ bad, back }, at + 24 * 3600)).toBeUndefined();
    expect(stretchOf({ bad: undefined, back }, at)).toBeUndefined();
  });
});
