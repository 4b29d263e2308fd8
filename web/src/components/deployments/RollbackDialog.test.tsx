import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { aDeployment, aRelease } from "@/test/deployments";
import { renderPiece } from "@/test/render";
import { answerCalls, refusal } from "@/test/server";
import { RollbackDialog } from "./RollbackDialog";

const releases = {
  "GET /apps/hello/releases/3": () => ({
    body: aRelease({
      version: 3,
      commit: "ccccccccccc",
      digest: "sha256:333333333333",
      config_names: ["GREETING", "VERSION"],
      live: true,
    }),
  }),
  "GET /apps/hello/releases/1": () => ({ body: aRelease({ version: 1 }) }),
};
const show = (target: number | undefined, live = 3, onClose = vi.fn()) =>
  renderPiece(<RollbackDialog app="hello" live={live} target={target} onClose={onClose} />);

describe("RollbackDialog", () => {
  it("says what will change, and that nothing is built", async () => {
    answerCalls(releases);
    await show(1);
    const dialog = within(await screen.findByRole("dialog", { name: "Roll hello back to v1?" }));
    expect(await dialog.findByText("−VERSION")).toBeInTheDocument();
    expect(dialog.getByText("ccccccc")).toBeInTheDocument();
    expect(dialog.getByText("aaaaaaa")).toBeInTheDocument();
    expect(dialog.getByText("333333333333")).toBeInTheDocument();
    expect(dialog.getByText(/Nothing is built/)).toBeInTheDocument();
    expect(dialog.getByText("slipway rollback v1 -a hello")).toBeInTheDocument();
  });

  it("goes back to the release that was shown, and follows the deployment", async () => {
    const close = vi.fn();
    const calls = answerCalls({
      ...releases,
      "POST /apps/hello/rollback": () => ({ status: 202, body: aDeployment({ number: 12 }) }),
    });
    const { path } = await show(1, 3, close);
    const button = await screen.findByRole("button", { name: "Roll back to v1" });
    await waitFor(() => expect(button).toBeEnabled());
    await userEvent.click(button);
    await waitFor(() => expect(path()).toBe("/apps/hello/deployments/12"));
    expect(calls.find((call) => call.path.endsWith("/rollback"))?.body).toEqual({ version: 1 });
    expect(close).toHaveBeenCalled();
  });

  it("stays open with the reason when it is refused", async () => {
    answerCalls({ ...releases, "POST /apps/hello/rollback": () => refusal(409, "v1 has no image any more") });
    const { path } = await show(1);
    const button = await screen.findByRole("button", { name: "Roll back to v1" });
    await waitFor(() => expect(button).toBeEnabled());
    await userEvent.click(button);
    expect(await screen.findByText("v1 has no image any more")).toBeInTheDocument();
    expect(path()).toBe("/");
  });

  it("does nothing when another person was faster", async () => {
    answerCalls(releases);
    await show(1, 1);
    expect(await screen.findByText("v1 is live already.")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Roll back to v1" })).toBeDisabled();
  });
});
