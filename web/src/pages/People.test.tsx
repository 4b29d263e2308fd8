import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { staleKeys } from "@/api/live";
import { keys } from "@/api/queries";
import type { User } from "@/api/types";
import { renderPiece } from "@/test/render";
import { answerCalls, refusal } from "@/test/server";
import { Invited } from "./Join";
import People from "./People";

const user = userEvent.setup();

const ada: User = {
  id: "u1",
  email: "ada@example.com",
  name: "Ada",
  role: "owner",
  created_at: "2026-01-01T00:00:00Z",
};
const grace: User = { ...ada, id: "u2", email: "grace@example.com", name: "Grace", role: "member" };
const invitation = {
  id: "i1",
  role: "member",
  email: "",
  invited_by: "ada@example.com",
  created_at: "2026-01-01T00:00:00Z",
  expires_at: "2026-01-08T00:00:00Z",
};

function house(role: User["role"] = "owner") {
  const state = { users: [{ ...ada, role }, grace], invitations: [] as object[] };
  const calls = answerCalls({
    "GET /session": () => ({ body: { user: { ...ada, role }, actor: { scopes: null } } }),
    "GET /users": () => ({ body: { items: state.users, next_cursor: "" } }),
    "GET /invitations": () => ({ body: { items: state.invitations, next_cursor: "" } }),
    "POST /invitations": ({ body }) => {
      const wanted = body as { email?: string; role: string };
      if (wanted.email === "grace@example.com")
        return refusal(409, "somebody has that e-mail address already", {
          email: "somebody has that e-mail address already",
        });
      const made = { ...invitation, email: wanted.email ?? "", role: wanted.role };
      state.invitations = [made];
      return { status: 201, body: { ...made, url: "https://slipway.example.com/join?token=sll_secret" } };
    },
    "DELETE /invitations/i1": () => {
      state.invitations = [];
      return { status: 204 };
    },
    "PATCH /users/u2": ({ body }) => {
      const changed = { ...grace, role: (body as { role: User["role"] }).role };
      state.users = [ada, changed];
      return { body: { user: changed } };
    },
    "DELETE /users/u2": () => {
      state.users = [ada];
      return { status: 204 };
    },
  });
  const sent = (method: string) => calls.filter((call) => call.method === method);
  return { state, sent };
}

describe("People", () => {
  it("invites, shows the link once, and lists and revokes the invitation", async () => {
    const { sent } = house();
    await renderPiece(<People />);
    await user.click(await screen.findByRole("button", { name: "Invite" }));
    let dialog = screen.getByRole("dialog", { name: "Invite somebody" });
    await user.type(within(dialog).getByLabelText(/E-mail/), "grace@example.com");
    await user.selectOptions(within(dialog).getByLabelText("Role"), "Owner");
    expect(dialog).toHaveTextContent("slipway users invite grace@example.com --role owner");
    await user.click(within(dialog).getByRole("button", { name: "Make link" }));
    const email = within(dialog).getByLabelText(/E-mail/);
    await waitFor(() =>
      expect(email).toHaveAccessibleDescription(/somebody has that e-mail address already/),
    );
    expect(email).toHaveValue("grace@example.com");

    await user.clear(email);
    await user.click(within(dialog).getByRole("button", { name: "Make link" }));
    dialog = await screen.findByRole("dialog", { name: "The link is ready" });
    expect(dialog).toHaveTextContent("https://slipway.example.com/join?token=sll_secret");
    expect(dialog).toHaveTextContent("It makes one owner.");
    expect(within(dialog).getByRole("button", { name: "Copy link" })).toBeEnabled();
    expect(sent("POST").at(-1)?.body).toEqual({ role: "owner" });
    expect(sent("POST").at(-1)?.headers.get("Idempotency-Key")).toMatch(/^[0-9a-f]{32}$/);
    await user.click(within(dialog).getByRole("button", { name: "Done" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(document.body).not.toHaveTextContent("sll_secret");

    const revoke = await screen.findByRole("button", {
      name: "Revoke the invitation for anybody with the link",
    });
    await user.click(revoke);
    await waitFor(() => expect(revoke).not.toBeInTheDocument());
    expect(sent("DELETE").map((call) => call.path)).toEqual(["/invitations/i1"]);
  });

  it("changes a role only when asked twice, and nobody's own", async () => {
    const { sent } = house();
    await renderPiece(<People />);
    const role = await screen.findByLabelText("Role of Grace");
    expect(screen.queryByLabelText("Role of Ada")).toBeNull();
    expect(screen.queryByRole("button", { name: "Remove Ada" })).toBeNull();
    await user.selectOptions(role, "Owner");
    await user.click(await screen.findByRole("button", { name: "Cancel" }));
    expect(role).toHaveValue("member");
    expect(sent("PATCH")).toEqual([]);

    await user.selectOptions(role, "Owner");
    const dialog = screen.getByRole("dialog", { name: "Make Grace an owner?" });
    expect(dialog).toHaveTextContent("slipway users role grace@example.com owner");
    await user.click(within(dialog).getByRole("button", { name: "Make owner" }));
    await waitFor(() => expect(role).toHaveValue("owner"));
    expect(sent("PATCH").map((call) => [call.path, call.body])).toEqual([["/users/u2", { role: "owner" }]]);
  });

  it("removes somebody once their address is typed", async () => {
    const { sent } = house();
    await renderPiece(<People />);
    await user.click(await screen.findByRole("button", { name: "Remove Grace" }));
    const dialog = screen.getByRole("dialog", { name: "Remove Grace?" });
    const go = within(dialog).getByRole("button", { name: "Remove" });
    expect(go).toBeDisabled();
    await user.type(within(dialog).getByRole("textbox"), "grace{Enter}");
    expect(sent("DELETE")).toEqual([]);
    await user.type(within(dialog).getByRole("textbox"), "@example.com");
    await user.click(go);
    await waitFor(() => expect(screen.queryByText("grace@example.com")).toBeNull());
    expect(sent("DELETE").map((call) => call.path)).toEqual(["/users/u2"]);
  });

  it("asks for nothing that a member may not see", async () => {
    const { sent } = house("member");
    await renderPiece(<People />);
    expect(await screen.findByText("Only owners see this page")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Invite" })).toBeNull();
    expect(screen.queryByRole("link", { name: "People" })).toBeNull();
    expect(sent("GET").map((call) => call.path)).toEqual(["/session"]);
  });

  it("is made stale by what others change", () => {
    expect(staleKeys({ type: "event", topic: "user", id: "u2", action: "changed" })).toEqual(
      expect.arrayContaining([keys.users, keys.session]),
    );
    expect(staleKeys({ type: "event", topic: "invitation", action: "removed" })).toContain(keys.invitations);
  });
});

describe("Join", () => {
  it("says what the link is good for, keeps what was typed when refused, and leads in", async () => {
    let refused = false;
    const calls = answerCalls({
      "POST /join/invitation": () => ({ body: { ...invitation, email: "grace@example.com" } }),
      "POST /join": () => {
        if (refused) return { status: 201, body: { user: grace } };
        refused = true;
        return refusal(422, "use at least 10 characters", { password: "use at least 10 characters" });
      },
    });
    const { path } = await renderPiece(<Invited token="sll_x" />);
    expect(await screen.findByText(/ada@example.com invites you as a member/)).toBeVisible();
    const email = screen.getByLabelText("E-mail");
    expect(email).toHaveValue("grace@example.com");
    expect(email).toHaveAttribute("readonly");
    await user.type(screen.getByLabelText(/^Name/), "Grace");
    await user.type(screen.getByLabelText("Password"), "short");
    await user.click(screen.getByRole("button", { name: "Join and sign in" }));
    await waitFor(() =>
      expect(screen.getByLabelText("Password")).toHaveAccessibleDescription(/at least 10 characters/),
    );
    expect(screen.getByLabelText(/^Name/)).toHaveValue("Grace");
    await user.type(screen.getByLabelText("Password"), " but longer");
    await user.click(screen.getByRole("button", { name: "Join and sign in" }));
    await waitFor(() => expect(calls.filter((call) => call.path === "/join")).toHaveLength(2));
    expect(calls.at(-1)?.body).toEqual({
      token: "sll_x",
      email: "grace@example.com",
      name: "Grace",
      password: "short but longer",
    });
    expect(path()).toBe("/");
  });

  it("says that a used link is used, and leads to sign-in", async () => {
    answerCalls({ "POST /join/invitation": () => refusal(401, "this link is not valid") });
    await renderPiece(<Invited token="sll_x" />);
    expect(await screen.findByRole("heading", { name: "This link does not work" })).toBeVisible();
    expect(screen.getByRole("link", { name: "Go to sign-in" })).toHaveAttribute("href", "/sign-in");
  });

  it("offers another try when the server is away", async () => {
    answerCalls({ "POST /join/invitation": () => refusal(503, "the database is not answering") });
    await renderPiece(<Invited token="sll_x" />);
    expect(await screen.findByRole("button", { name: "Try again" })).toBeVisible();
  });
});
