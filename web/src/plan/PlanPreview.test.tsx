import { screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Plan, PlanStep } from "@/api/types";
import { renderPiece } from "@/test/render";
import { answerCalls, refusal } from "@/test/server";
import { PlanPreview } from "./PlanPreview";

const aStep = (part: Partial<PlanStep>): PlanStep => ({
  action: "create",
  cluster: "local",
  process: "web",
  release: 4,
  indexes: [1, 2],
  count: 2,
  why: "",
  placement: {},
  text: "",
  ...part,
});
const aPlan = (part: Partial<Plan>): Plan => ({
  release: 4,
  new_release: true,
  changes: 1,
  holds: false,
  possible: true,
  steps: [],
  warnings: [],
  fingerprint: "f",
  ...part,
});

describe("PlanPreview", () => {
  it("shows the steps in their order, and what stays", async () => {
    const calls = answerCalls({
      "POST /apps/hello/plan": () => ({
        body: aPlan({
          holds: true,
          steps: [
            aStep({ action: "hold", indexes: [], count: 0, why: "stop_first" }),
            aStep({ action: "remove", release: 3, why: "stop_first" }),
            aStep({ placement: { disk: "ssd" } }),
            aStep({ action: "keep", process: "worker", count: 1 }),
          ],
        }),
      }),
    });
    await renderPiece(<PlanPreview app="hello" change={{ scale: { web: 2 } }} />);
    const steps = within(await screen.findByRole("list")).getAllByRole("listitem");
    expect(steps.map((step) => step.textContent)).toEqual([
      "Let requests wait in the routers",
      "Stop and remove web v3 (2 instances) from localIt stops before the new one starts.",
      "Create web v4 (2 instances) on local, on nodes with disk=ssd",
    ]);
    expect(screen.getByText("Keep worker v4 (1 instance)")).toBeInTheDocument();
    expect(screen.getByText(/none is lost/)).toBeInTheDocument();
    expect(calls[0]?.body).toEqual({ scale: { web: 2 } });
  });

  it("says when there is nothing to do", async () => {
    answerCalls({ "POST /apps/hello/plan": () => ({ body: aPlan({}) }) });
    await renderPiece(<PlanPreview app="hello" change={{}} />);
    expect(await screen.findByText("Nothing is changed on the cluster.")).toBeInTheDocument();
  });

  it("says what stands against it", async () => {
    const warnings = [{ kind: "away" as const, blocking: true, message: "the cluster far is not answering" }];
    answerCalls({ "POST /apps/hello/plan": () => ({ body: aPlan({ possible: false, warnings }) }) });
    await renderPiece(<PlanPreview app="hello" change={{ move_to: "far" }} />);
    expect(await screen.findByText("the cluster far is not answering")).toBeInTheDocument();
    expect(screen.queryByText("Nothing is changed on the cluster.")).toBeNull();
  });

  it("shows a refusal", async () => {
    answerCalls({ "POST /apps/hello/plan": () => refusal(409, "v1 is live already") });
    await renderPiece(<PlanPreview app="hello" change={{ rollback: 1 }} />);
    expect(await screen.findByText("v1 is live already")).toBeInTheDocument();
  });
});
