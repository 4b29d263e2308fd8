import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import type { Session } from "@/api/types";
import { PasswordForm } from "@/pages/Account";
import Sessions, { RevokeOthers } from "@/pages/Sessions";
import { renderPiece } from "@/test/render";
import { answerCalls, refusal } from "@/test/server";
import { placeWords } from "./place";

const user = userEvent.setup();
const ada = { id: "u", email: "ada@example.com", name: "Ada", role: "owner", created_at: "" } as const;

const aSession = (id: string, part: Partial<Session> = {}): Session => ({
  id,
  ip: "203.0.113.9",
  user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  created_at: "2026-01-01T00:00:00Z",
  last_used_at: "2026-01-02T00:00:00Z",
  expires_at: "2026-02-02T00:00:00Z",
  current: false,
  ...part,
});

describe("sessions", () => {
  it("begin with this one, which cannot be revoked here, and show no other command than slipway", async () => {
    answerCalls({
      "GET /sessions": () => ({ body: { items: [aSession("b"), aSession("a", { current: true })] } }),
    });
    await renderPiece(<Sessions />);
    const rows = within(await screen.findByRole("list", { name: "Sessions" })).getAllByRole("listitem");
    expect(rows[0]).toHaveTextContent("This one");
    expect(within(rows[0] as HTMLElement).queryByRole("button")).toBeNull();
    expect(rows[1]).toHaveTextContent("Firefox on Linux");
    expect(screen.getByRole("button", { name: "Revoke Firefox on Linux, 203.0.113.9" })).toBeInTheDocument();
    expect(screen.getByText(/^slipway sessions\s+slipway sessions revoke b$/)).toBeInTheDocument();
    expect(screen.queryByText(/curl/)).toBeNull();
  });

  it("are all ended but this one; those that ended meanwhile are no failure", async () => {
    const calls = answerCalls({
      "DELETE /sessions/b": () => ({ status: 204 }),
      "DELETE /sessions/d": () => ({ status: 204 }),
    });
    const onClose = vi.fn();
    await renderPiece(
      <RevokeOthers open others={["b", "c", "d"].map((id) => aSession(id))} onClose={onClose} />,
    );
    await user.click(await screen.findByRole("button", { name: "Revoke them" }));
    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(calls.map((call) => call.path)).toEqual(["/sessions/b", "/sessions/c", "/sessions/d"]);
  });
});

describe("a place", () => {
  it("is told in words where the address tells it", () => {
    expect(placeWords("127.0.0.1")).toBe("On the server itself");
    expect(placeWords("::1")).toBe("On the server itself");
    expect(placeWords("192.168.1.4")).toBe("Local network, 192.168.1.4");
    expect(placeWords("172.32.0.1")).toBe("172.32.0.1");
    expect(placeWords("fd12::1")).toBe("Local network, fd12::1");
    expect(placeWords("2001:db8::1")).toBe("2001:db8::1");
    expect(placeWords("")).toBe("Unknown address");
  });
});

describe("changing the password", () => {
  it("says beside the fields what is missing and too short, before the server is asked", async () => {
    const calls = answerCalls({});
    await renderPiece(<PasswordForm user={ada} />);
    await user.type(screen.getByLabelText("New password"), "short");
    await user.click(screen.getByRole("button", { name: "Change password" }));
    expect(screen.getByLabelText("Current password")).toHaveFocus();
    expect(screen.getByLabelText("Current password")).toBeInvalid();
    expect(screen.getByLabelText("New password")).toHaveAccessibleDescription(/At least 10 characters/);
    expect(calls).toHaveLength(0);
  });

  it("keeps both when the server refuses one", async () => {
    answerCalls({
      "PATCH /users/me": () => refusal(422, "wrong", { "password.current": "this is not your password" }),
    });
    await renderPiece(<PasswordForm user={ada} />);
    await user.type(screen.getByLabelText("Current password"), "not it");
    await user.type(screen.getByLabelText("New password"), "a long enough password");
    await user.click(screen.getByRole("button", { name: "Change password" }));
    await waitFor(() =>
      expect(screen.getByLabelText("Current password")).toHaveAccessibleDescription(/not your password/),
    );
    expect(screen.getByLabelText("New password")).toHaveValue("a long enough password");
  });
});
