import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { keys } from "@/api/queries";
import { DeployButton } from "@/components/DeployButton";
import { anApp } from "@/test/app";
import { aDeployment } from "@/test/deployments";
import { renderPiece } from "@/test/render";
import { answerCalls, refusal } from "@/test/server";
import { Actions } from "./Actions";

const session = (scopes: string[] | null = null) => ({
  "GET /session": () => ({ body: { user: { email: "ada@example.com", role: "owner" }, actor: { scopes } } }),
});
const app = anApp({
  live_release: { version: 3, description: "", commit: "", created_at: "2026-01-02T03:04:05Z" },
});
const made = { status: 202, body: aDeployment({ number: 9 }) };

describe("Actions", () => {
  it("tries a failed one again, and goes to what it made", async () => {
    const calls = answerCalls({ ...session(), "POST /apps/hello/deployments/4/retry": () => made });
    const { path } = await renderPiece(
      <Actions deployment={aDeployment({ number: 4, state: "failed" })} app={app} />,
    );
    expect(await screen.findByText("slipway retry 4 -a hello")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(path()).toBe("/apps/hello/deployments/9"));
    expect(calls.at(-1)?.headers.get("Idempotency-Key")).toBeTruthy();
  });

  it("offers from what is live the way back to what was live before", async () => {
    answerCalls({
      ...session(),
      "GET /apps/hello/deployments": () => ({
        body: {
          items: [
            aDeployment({ number: 6, state: "succeeded", release: 3 }),
            aDeployment({ number: 5, state: "failed", release: 2 }),
            aDeployment({ number: 4, state: "succeeded", release: 1 }),
          ],
          next_cursor: "",
        },
      }),
    });
    await renderPiece(
      <Actions deployment={aDeployment({ number: 6, state: "succeeded", release: 3 })} app={app} />,
    );
    expect(await screen.findByRole("button", { name: "Roll back to v1" })).toBeInTheDocument();
    expect(screen.getByText("slipway rollback v1 -a hello")).toBeInTheDocument();
    expect(screen.getByRole("link", { name: /Open the app/ })).toBeInTheDocument();
  });

  it("offers from an older one the way back to it", async () => {
    answerCalls(session());
    await renderPiece(
      <Actions deployment={aDeployment({ number: 4, state: "succeeded", release: 1 })} app={app} />,
    );
    expect(await screen.findByRole("button", { name: "Roll back to v1" })).toBeInTheDocument();
    expect(screen.queryByRole("link", { name: /Open the app/ })).not.toBeInTheDocument();
  });

  it("offers nothing to who may only read", async () => {
    answerCalls(session(["read"]));
    const old = aDeployment({ number: 4, state: "succeeded", release: 1 });
    const { client } = await renderPiece(<Actions deployment={old} app={app} />);
    await waitFor(() => expect(client.getQueryData(keys.session)).toBeDefined());
    expect(screen.getByRole("link", { name: "App logs" })).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: /again|Roll back/ })).not.toBeInTheDocument();
    expect(screen.queryByText(/slipway r/)).not.toBeInTheDocument();
  });
});

describe("DeployButton", () => {
  const source = { url: "https://example.com/shop.git", has_credential: false };
  const open = async (part: Parameters<typeof anApp>[0], routes: Parameters<typeof answerCalls>[0] = {}) => {
    const calls = answerCalls({ ...session(), "GET /apps/hello": () => ({ body: anApp(part) }), ...routes });
    const { path } = await renderPiece(<DeployButton app="hello" />);
    await userEvent.click(await screen.findByRole("button", { name: "Deploy" }));
    return {
      calls,
      path,
      submit: () => screen.getAllByRole("button", { name: "Deploy" }).at(-1) as HTMLElement,
    };
  };

  it("deploys a ref of the git URL, and shows the command", async () => {
    const { calls, path, submit } = await open({ source }, { "POST /apps/hello/deployments": () => made });
    await userEvent.type(screen.getByLabelText(/Branch, tag or commit/), "v1.2");
    expect(screen.getByText("slipway deploy --git=v1.2 -a hello")).toBeInTheDocument();
    await userEvent.click(submit());
    await waitFor(() => expect(path()).toBe("/apps/hello/deployments/9"));
    expect(calls.find((call) => call.method === "POST")?.body).toEqual({ git: { ref: "v1.2" } });
  });

  it("keeps what was typed when it is refused", async () => {
    const { submit } = await open(
      {},
      { "POST /apps/hello/deployments": () => refusal(422, "no such image", { image: "no such image" }) },
    );
    await userEvent.selectOptions(screen.getByLabelText("From"), "An image");
    await userEvent.type(screen.getByLabelText("Image"), "nginx:nope");
    await userEvent.click(submit());
    expect(await screen.findByText("no such image")).toBeInTheDocument();
    expect(screen.getByLabelText("Image")).toHaveValue("nginx:nope");
  });

  it("does the last one again", async () => {
    const { path, submit } = await open(
      { last_deployment: aDeployment({ number: 4, state: "failed", commit_message: "Fix it" }) },
      { "POST /apps/hello/deployments/4/retry": () => made },
    );
    await userEvent.selectOptions(screen.getByLabelText("From"), "The last deployment again (#4)");
    expect(screen.getByText("Fix it")).toBeInTheDocument();
    expect(screen.getByText("slipway retry 4 -a hello")).toBeInTheDocument();
    await userEvent.click(submit());
    await waitFor(() => expect(path()).toBe("/apps/hello/deployments/9"));
  });

  it("does not offer again what still runs", async () => {
    await open({ last_deployment: aDeployment({ number: 4, state: "building" }) });
    expect(screen.queryByRole("option", { name: /again/ })).not.toBeInTheDocument();
  });
});
