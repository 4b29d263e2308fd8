import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { OwnerForm } from "@/pages/Setup";
import { ByLink, ByPassword } from "@/pages/SignIn";
import { renderPiece } from "@/test/render";
import { answerCalls, refusal } from "@/test/server";

const user = userEvent.setup();
const ready = { "GET /setup": () => ({ body: { bootstrap_required: false, version: "0.1" } }) };

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("signing in", () => {
  it("asks for what is missing beside it, without the server", async () => {
    const calls = answerCalls(ready);
    await renderPiece(<ByPassword />);
    await user.type(screen.getByLabelText("E-mail"), "ada@example.com");
    await user.click(screen.getByRole("button", { name: "Sign in" }));
    expect(screen.getByLabelText("Password")).toHaveAccessibleDescription("Type your password.");
    expect(screen.getByLabelText("Password")).toHaveFocus();
    expect(calls.filter((call) => call.method === "POST")).toHaveLength(0);
  });

  it("keeps what was typed when it is wrong", async () => {
    answerCalls({ ...ready, "POST /session": () => refusal(401, "the password is wrong") });
    await renderPiece(<ByPassword />);
    await user.type(screen.getByLabelText("E-mail"), "ada@example.com");
    await user.type(screen.getByLabelText("Password"), "wrong{Enter}");
    expect(await screen.findByRole("alert")).toHaveTextContent("the password is wrong");
    expect(screen.getByLabelText("E-mail")).toHaveValue("ada@example.com");
    expect(screen.getByLabelText("Password")).toHaveValue("wrong");
  });

  it("is what password managers know", async () => {
    answerCalls(ready);
    await renderPiece(<ByPassword />);
    expect(screen.getByLabelText("E-mail")).toHaveAttribute("autocomplete", "username");
    const password = screen.getByLabelText("Password");
    expect(password).toHaveAttribute("autocomplete", "current-password");
    expect(password).toHaveAttribute("type", "password");
    await user.click(screen.getByRole("button", { name: "Show what is typed" }));
    expect(password).toHaveAttribute("type", "text");
  });

  it("counts down when there were too many tries, and lets one go on after it", async () => {
    answerCalls({
      ...ready,
      "POST /session": () => ({
        ...refusal(429, "too many attempts"),
        headers: { "Retry-After": "3" },
      }),
    });
    await renderPiece(<ByPassword />);
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const typing = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    await typing.type(screen.getByLabelText("E-mail"), "ada@example.com");
    await typing.type(screen.getByLabelText("Password"), "wrong{Enter}");
    expect(await screen.findByRole("alert")).toHaveTextContent("Too many attempts.");
    expect(screen.getByText(/Try again in \d/)).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Sign in" })).toBeDisabled();
    await act(() => vi.advanceTimersByTimeAsync(3500));
    expect(screen.getByRole("alert")).toHaveTextContent("You can try again now.");
    expect(screen.getByRole("button", { name: "Sign in" })).toBeEnabled();
    expect(screen.getByLabelText("Password")).toHaveValue("wrong");
  });
});

describe("a sign-in link", () => {
  it("that is spent says so, with the command that makes another", async () => {
    answerCalls(ready);
    await renderPiece(<ByPassword spent />);
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("does not work any more");
    expect(screen.getByText("slipway dashboard")).toBeVisible();
  });

  it("is tried once, and told as spent only when the server refuses it", async () => {
    const calls = answerCalls({ "POST /session/link": () => refusal(401, "this link is not valid") });
    const onSpent = vi.fn();
    await renderPiece(<ByLink token="t" enter={vi.fn()} onSpent={onSpent} />);
    await waitFor(() => expect(onSpent).toHaveBeenCalled());
    expect(calls).toHaveLength(1);
  });

  it("can be tried again when the server was away", async () => {
    let away = true;
    answerCalls({
      "POST /session/link": () => (away ? refusal(503, "Postgres is away") : { body: {} }),
    });
    const enter = vi.fn(async () => {});
    const onSpent = vi.fn();
    await renderPiece(<ByLink token="t" enter={enter} onSpent={onSpent} />);
    expect(await screen.findByRole("alert")).toHaveTextContent("Postgres is away");
    away = false;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(enter).toHaveBeenCalled());
    expect(onSpent).not.toHaveBeenCalled();
  });
});

describe("the setup link", () => {
  it("that is spent says where the good one is, and keeps the form", async () => {
    answerCalls({ "POST /setup": () => refusal(401, "this link is not valid", { token: "not valid" }) });
    await renderPiece(<OwnerForm token="old" />);
    await user.type(screen.getByLabelText("E-mail"), "ada@example.com");
    await user.type(screen.getByLabelText("Password"), "a long enough password");
    expect(screen.getByText("Good and long.")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Create and sign in" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("bootstrap-link");
    expect(screen.getByLabelText("E-mail")).toHaveValue("ada@example.com");
    expect(screen.getByLabelText("Password")).toHaveValue("a long enough password");
  });

  it("measures a password by its length alone, once one has left it", async () => {
    await renderPiece(<OwnerForm token="t" />);
    await user.type(screen.getByLabelText("Password"), "short");
    expect(screen.getByText("5 more characters")).toBeInTheDocument();
    expect(screen.queryByRole("alert")).toBeNull();
    await user.tab();
    expect(screen.getByRole("alert")).toHaveTextContent("At least 10 characters.");
  });
});
