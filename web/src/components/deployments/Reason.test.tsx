import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Deployment, Line } from "@/api/types";
import { BuildLog } from "@/deployments/buildlog";
import type { DeploymentLog } from "@/deployments/useDeploymentLog";
import { anApp } from "@/test/app";
import { aDeployment } from "@/test/deployments";
import { renderPiece } from "@/test/render";
import { Reason } from "./FailureCard";

const live = { version: 2, description: "", commit: "", created_at: "2026-01-02T03:04:05Z" };
function show(
  d: Partial<Deployment>,
  lines: Partial<Line>[] = [],
  app = anApp({ live_release: live }),
  newer = 0,
) {
  const log = new BuildLog();
  const common = { time: "2026-01-02T03:04:05Z", source: "slipway", text: "" };
  log.addLines(lines.map((line, i) => ({ ...common, ...line, seq: i + 1 })));
  const stream: DeploymentLog = {
    log,
    caughtUp: true,
    ended: true,
    status: "closed",
    version: 1,
    retryNow: () => {},
  };
  return renderPiece(<Reason deployment={aDeployment(d)} app={app} log={stream} newer={newer} />);
}

describe("why a deployment ended", () => {
  it("is the newer deployment, said once", async () => {
    const reason = "a newer deployment, #3, came";
    await show({ state: "superseded", reason, superseded_by: 3 }, [], undefined, 3);
    expect(screen.getByText("A newer deployment took its place")).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "See deployment #3" })).toBeInTheDocument();
    expect(screen.queryByText(new RegExp(reason))).toBeNull();
  });
  it("is the instance that failed, its last lines, and what its exit code means", async () => {
    await show({ state: "failed", reason: "hello.web.v3.2: exited with code 127" }, [
      { text: "The last lines of hello.web.v3.2:" },
      { source: "app", instance: "hello.web.v3.2", text: "sh: serve: not found" },
    ]);
    expect(screen.getByText("hello.web.v3.2: exited with code 127")).toBeInTheDocument();
    expect(screen.getByText("sh: serve: not found")).toBeInTheDocument();
    expect(screen.getByText(/Exit code 127: the command was not found/)).toBeInTheDocument();
    expect(screen.getByText("The deployment failed. What was live goes on serving.")).toBeInTheDocument();
  });

  it("does not claim that something serves where nothing does", async () => {
    await show({ state: "failed", reason: "it broke" }, [], anApp({ live_release: undefined }));
    expect(screen.getByText("The deployment failed. Nothing is live yet.")).toBeInTheDocument();
    expect(screen.queryByText(/goes on serving/)).not.toBeInTheDocument();
  });

  it("is said calmly where it was cancelled, and by whom", async () => {
    await show({ state: "cancelled", reason: "cancelled by bob@example.com" });
    expect(screen.getByText("Cancelled by bob@example.com")).toBeInTheDocument();
    expect(screen.getByText(/still in the queue/)).toBeInTheDocument();
    expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  });

  it("leads to the one that took its place", async () => {
    await show({ state: "superseded", number: 4 }, [], undefined, 5);
    expect(screen.getByRole("link", { name: "See deployment #5" })).toHaveAttribute(
      "href",
      "/apps/hello/deployments/5",
    );
  });

  it("is nothing where it succeeded", async () => {
    await show({ state: "succeeded" });
    expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  });
});
