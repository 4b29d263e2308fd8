import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { TokenForm } from "@/components/TokenForm";
import { OwnerForm } from "@/pages/Setup";
import { renderPiece } from "./render";
import { answerCalls, refusal } from "./server";

const user = userEvent.setup();

describe("a refused form", () => {
  it("says what is wrong with no field in particular above the button", async () => {
    answerCalls({ "POST /setup": () => refusal(410, "this link has been used") });
    await renderPiece(<OwnerForm token="t" />);
    await user.type(screen.getByLabelText("E-mail"), "ada@example.com");
    await user.click(screen.getByRole("button", { name: "Create and sign in" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("this link has been used");
    expect(screen.getByLabelText("E-mail")).toHaveValue("ada@example.com");
  });

  it("says so when the server cannot be reached", async () => {
    vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("Failed to fetch"));
    await renderPiece(<OwnerForm token="t" />);
    await user.click(screen.getByRole("button", { name: "Create and sign in" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("The server cannot be reached");
  });
});

describe("a cut network", () => {
  it("creates once: the same key is sent again", async () => {
    let cuts = 1;
    const calls = answerCalls({
      "POST /tokens": () => {
        if (cuts-- > 0) throw new TypeError("network changed");
        return { status: 201, body: { token: "slw_secret" } };
      },
    });
    const onMade = vi.fn();
    await renderPiece(<TokenForm onMade={onMade} onCancel={vi.fn()} />);
    await user.type(screen.getByLabelText("Name"), "CI");
    await user.click(screen.getByRole("button", { name: "Make token" }));
    await waitFor(() => expect(onMade).toHaveBeenCalledWith({ token: "slw_secret" }));
    expect(calls).toHaveLength(2);
    expect(calls[0]?.headers.get("Idempotency-Key")).toBe(calls[1]?.headers.get("Idempotency-Key"));
  });
});

describe("TokenForm", () => {
  it("sends scopes and days, and shows the scopes' error beside them", async () => {
    const calls = answerCalls({
      "POST /tokens": () => refusal(422, "choose a scope", { scopes: "choose at least one scope" }),
    });
    await renderPiece(<TokenForm onMade={vi.fn()} onCancel={vi.fn()} />);
    await user.type(screen.getByLabelText("Name"), "CI");
    await user.click(screen.getByLabelText("read"));
    await user.selectOptions(screen.getByLabelText("Valid for"), "Until it is revoked");
    await user.click(screen.getByRole("button", { name: "Make token" }));
    expect(await screen.findByText("choose at least one scope")).toBeInTheDocument();
    expect(calls[0]?.body).toEqual({ name: "CI", scopes: ["read", "deploy"] });
  });
});
