import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { aDeployment } from "@/test/deployments";
import { renderPiece } from "@/test/render";
import { answerCalls, refusal } from "@/test/server";
import { CancelButton } from "./CancelButton";

const cancelPath = "POST /apps/hello/deployments/4/cancel";
const ago = (s: number) => new Date(Date.now() - s * 1000).toISOString();

describe("CancelButton", () => {
  it("asks nothing while it harms nothing", async () => {
    const queued = aDeployment({ number: 4, state: "queued" });
    const calls = answerCalls({
      [cancelPath]: () => ({ status: 202, body: { ...queued, state: "cancelled" } }),
    });
    await renderPiece(<CancelButton deployment={queued} />);
    await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
    await waitFor(() => expect(calls).toHaveLength(1));
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  });

  it("asks before a long build is thrown away", async () => {
    const building = aDeployment({
      number: 4,
      state: "building",
      created_at: ago(125),
      started_at: ago(120),
    });
    const calls = answerCalls({ [cancelPath]: () => ({ status: 202, body: building }) });
    await renderPiece(<CancelButton deployment={building} />);
    await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Cancel deployment #4?" }));
    expect(dialog.getByText(/It has taken 2 m 0\d s/)).toBeInTheDocument();
    expect(dialog.getByText("slipway cancel 4 -a hello")).toBeInTheDocument();
    await userEvent.click(dialog.getByRole("button", { name: "Keep it going" }));
    expect(calls).toHaveLength(0);
    await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
    await userEvent.click(await screen.findByRole("button", { name: "Cancel the deployment" }));
    await waitFor(() => expect(calls).toHaveLength(1));
  });

  it("says that it is cancelling until it is", async () => {
    await renderPiece(<CancelButton deployment={aDeployment({ number: 4, cancel_requested: true })} />);
    expect(screen.getByRole("button", { name: "Cancelling…" })).toBeDisabled();
  });

  it("says why it could not", async () => {
    answerCalls({ [cancelPath]: () => refusal(409, "deployment #4 has ended") });
    await renderPiece(<CancelButton deployment={aDeployment({ number: 4 })} />);
    await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
    expect(await screen.findByText("deployment #4 has ended")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Cancel" })).toBeEnabled();
  });
});
