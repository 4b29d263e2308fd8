import { describe, expect, it } from "vitest";
import { asProblem, Problem } from "@/api/problem";
import { makeQueryClient } from "@/api/queryclient";
import { problemText } from "./feedback";

describe("an error's words", () => {
  it("blame the connection for what the network did, and for nothing else", () => {
    const words = problemText(new Problem(0, "unreachable", ""));
    expect(words).toContain("cannot be reached");
    for (const error of [new TypeError("x is undefined"), new Error("odd"), "odd"]) {
      expect(problemText(error)).not.toBe(words);
      expect(asProblem(error).offline).toBe(false);
    }
    expect(problemText(new TypeError("x is undefined"))).toContain("x is undefined");
  });

  it("are the server's own where it has any", () => {
    expect(problemText(new Problem(409, "conflict", "v1 is live already"))).toBe("v1 is live already");
  });

  it("ask the network again, not a page with a defect", () => {
    const retry = makeQueryClient().getDefaultOptions().queries?.retry as (
      n: number,
      error: unknown,
    ) => boolean;
    expect(retry(0, new Problem(0, "unreachable", ""))).toBe(true);
    expect(retry(0, new TypeError("x is undefined"))).toBe(false);
  });
});
