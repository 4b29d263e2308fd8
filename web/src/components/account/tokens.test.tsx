import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import type { NewToken, Token } from "@/api/types";
import { TokenForm } from "@/components/TokenForm";
import { renderPiece } from "@/test/render";
import { answerCalls } from "@/test/server";
import { MadeToken } from "./MadeToken";
import { RevokeToken } from "./RevokeToken";
import { tokenState } from "./tokenstate";

const user = userEvent.setup();
const now = Date.parse("2026-06-01T12:00:00Z");
const day = 24 * 60 * 60_000;
const at = (days: number) => new Date(now + days * day).toISOString();

function aToken(part: Partial<Token> = {}): Token {
  return { id: "t1", name: "CI", hint: "slw_abcd", scopes: ["deploy"], created_at: at(-10), ...part };
}

describe("tokenState", () => {
  it("tells what expires soon, and what has", () => {
    expect(tokenState(aToken({ expires_at: at(30) }), now).daysLeft).toBeUndefined();
    expect(tokenState(aToken({ expires_at: at(3.5) }), now).daysLeft).toBe(3);
    expect(tokenState(aToken({ expires_at: at(0.5) }), now).daysLeft).toBe(0);
    expect(tokenState(aToken({ expires_at: at(-1) }), now)).toEqual({
      expired: true,
      daysLeft: undefined,
      daysIdle: undefined,
    });
    expect(tokenState(aToken(), now).expired).toBe(false);
  });

  it("tells what nobody uses", () => {
    expect(tokenState(aToken({ created_at: at(-90) }), now).daysIdle).toBe(90);
    expect(tokenState(aToken({ created_at: at(-90), last_used_at: at(-1) }), now).daysIdle).toBeUndefined();
    expect(tokenState(aToken({ created_at: at(-90), last_used_at: at(-61) }), now).daysIdle).toBe(61);
  });
});

describe("TokenForm", () => {
  it("asks for a name and a scope beside them, before the server is asked", async () => {
    const calls = answerCalls({});
    await renderPiece(<TokenForm onMade={vi.fn()} onCancel={vi.fn()} />);
    await user.click(screen.getByRole("button", { name: "Make token" }));
    expect(screen.getByLabelText("Name")).toHaveAccessibleDescription(/Give it a name/);
    expect(screen.getByLabelText("Name")).toHaveFocus();
    await user.type(screen.getByLabelText("Name"), "CI");
    await user.click(screen.getByLabelText("deploy"));
    await user.click(screen.getByRole("button", { name: "Make token" }));
    expect(screen.getByRole("alert")).toHaveTextContent("Choose at least one");
    expect(calls.filter((call) => call.method === "POST")).toHaveLength(0);
  });

  it("says that a token without an end is unwise, and offers admin to owners only", async () => {
    await renderPiece(<TokenForm owner={false} onMade={vi.fn()} onCancel={vi.fn()} />);
    expect(screen.queryByText(/Unwise/)).toBeNull();
    await user.selectOptions(screen.getByLabelText("Valid for"), "Until it is revoked");
    expect(screen.getByText(/Unwise/)).toBeInTheDocument();
    expect(screen.getByLabelText("admin")).toBeDisabled();
  });
});

describe("a new token", () => {
  it("is shown once, with the ways to use it, none of which holds it", async () => {
    const token: NewToken = { ...aToken(), token: "slw_secret" };
    await renderPiece(<MadeToken token={token} onKept={vi.fn()} />);
    expect(screen.getAllByText(/slw_secret/)).toHaveLength(1);
    expect(screen.getByText(`slipway login ${window.location.origin}`)).toBeInTheDocument();
    expect(screen.getByText(/read -rs SLIPWAY_TOKEN/)).toBeInTheDocument();
  });
});

describe("RevokeToken", () => {
  it("warns when it is in use, and shows the command", async () => {
    const calls = answerCalls({ "DELETE /tokens/t1": () => ({ status: 204 }) });
    const onClose = vi.fn();
    const used = new Date(Date.now() - 5 * 60_000).toISOString();
    await renderPiece(<RevokeToken token={aToken({ last_used_at: used })} onClose={onClose} />);
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByText(/used 5 min\. ago: something depends on it/)).toBeInTheDocument();
    expect(dialog.getByText("slipway tokens revoke t1")).toBeInTheDocument();
    await user.click(dialog.getByRole("button", { name: "Revoke" }));
    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(calls).toHaveLength(1);
  });

  it("is content when somebody else was faster", async () => {
    answerCalls({});
    const onClose = vi.fn();
    await renderPiece(<RevokeToken token={aToken()} onClose={onClose} />);
    expect(await screen.findByText(/never used/)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Revoke" }));
    await waitFor(() => expect(onClose).toHaveBeenCalled());
  });
});
