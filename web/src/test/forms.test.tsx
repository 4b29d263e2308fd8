import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { ConfigEditor } from "@/components/ConfigEditor";
import { DestroySection } from "@/components/settings/DestroySection";
import { ServingSection } from "@/components/settings/ServingSection";
import { TokenForm } from "@/components/TokenForm";
import { NewAppForm } from "@/pages/NewApp";
import { OwnerForm } from "@/pages/Setup";
import { anApp } from "./app";
import { renderPiece } from "./render";
import { answerCalls, refusal } from "./server";

const user = userEvent.setup();

describe("a refused form", () => {
  it("keeps what was typed, and says what is wrong beside the field", async () => {
    answerCalls({
      "POST /apps": () => refusal(422, "the name is taken", { name: "hello is taken already" }),
    });
    const onDone = vi.fn();
    await renderPiece(<NewAppForm onDone={onDone} />);
    await user.type(screen.getByLabelText("Name"), "hello");
    await user.click(screen.getByRole("button", { name: "Create app" }));

    const name = screen.getByLabelText("Name");
    await waitFor(() => expect(name).toHaveAccessibleDescription(/hello is taken already/));
    expect(name).toBeInvalid();
    expect(name).toHaveValue("hello");
    expect(screen.getAllByRole("alert")).toHaveLength(1);
    expect(onDone).not.toHaveBeenCalled();
  });

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

describe("NewAppForm", () => {
  it("creates an app to push to, and makes a token on the spot", async () => {
    const calls = answerCalls({
      "POST /apps": () => ({ status: 201, body: anApp({ name: "hello" }) }),
      "POST /tokens": () => ({ status: 201, body: { token: "slw_secret" } }),
    });
    const onDone = vi.fn();
    await renderPiece(<NewAppForm onDone={onDone} />);
    await user.type(screen.getByLabelText("Name"), "hello");
    await user.click(screen.getByRole("button", { name: "Create app" }));
    await waitFor(() => expect(onDone).toHaveBeenCalled());
    expect(calls.map((call) => [call.method, call.path, call.body])).toEqual([
      ["POST", "/apps", { name: "hello" }],
      ["POST", "/tokens", { name: "Deploy hello", scopes: ["deploy"], expires_in_days: 90 }],
    ]);
    expect(onDone.mock.calls[0]?.slice(1)).toEqual(["push", { token: "slw_secret" }]);
    expect(calls[0]?.headers.get("Idempotency-Key")).toMatch(/^[0-9a-f]{32}$/);
  });

  it("sends the git URL with its deploy key, and deploys it", async () => {
    const calls = answerCalls({
      "POST /apps": () => ({ status: 201, body: anApp({ name: "hello" }) }),
      "POST /apps/hello/deployments": () => ({ status: 202, body: { number: 1 } }),
    });
    const onDone = vi.fn();
    await renderPiece(<NewAppForm onDone={onDone} />);
    await user.type(screen.getByLabelText("Name"), "hello");
    await user.click(screen.getByRole("radio", { name: /A git URL/ }));
    await user.type(screen.getByLabelText("Git URL"), "https://example.com/a.git");
    await user.selectOptions(screen.getByLabelText("Credential"), "Deploy key");
    await user.type(screen.getByLabelText("Private key"), "KEY");
    await user.click(screen.getByRole("button", { name: "Create and deploy" }));
    await waitFor(() => expect(onDone).toHaveBeenCalled());
    expect(calls[0]?.body).toEqual({
      name: "hello",
      source: { url: "https://example.com/a.git", deploy_key: "KEY" },
    });
    expect(calls[1]?.body).toEqual({ git: {} });
  });

  it("sends once, however often it is pressed", async () => {
    let finish = () => {};
    const calls = answerCalls({
      "POST /apps": () => new Promise((resolve) => (finish = () => resolve(refusal(409, "no")))),
    });
    await renderPiece(<NewAppForm onDone={vi.fn()} />);
    await user.type(screen.getByLabelText("Name"), "hello{Enter}{Enter}");
    await user.type(screen.getByLabelText("Name"), "{Enter}");
    expect(calls).toHaveLength(1);
    finish();
    expect(await screen.findByRole("alert")).toHaveTextContent("no");
  });

  it("shows the command that does the same", async () => {
    await renderPiece(<NewAppForm onDone={vi.fn()} />);
    await user.type(screen.getByLabelText("Name"), "hello");
    await user.click(screen.getByRole("radio", { name: /An image/ }));
    await user.type(screen.getByLabelText("Image"), "nginx:1.29");
    expect(screen.getByText("slipway create hello --image nginx:1.29")).toBeInTheDocument();
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

describe("ConfigEditor", () => {
  const known = [{ key: "LOG_LEVEL", value: "info" }];

  it("makes a row for each var of a pasted .env, and sends them together", async () => {
    const calls = answerCalls({
      "PATCH /apps/hello/config": () => ({ body: { deployment: { number: 7 }, names: ["A", "LOG_LEVEL"] } }),
    });
    const onDone = vi.fn();
    await renderPiece(<ConfigEditor app="hello" known={known} onDone={onDone} />);
    await user.click(screen.getByLabelText("Name"));
    await user.paste("A=1\n???\nLOG_LEVEL='debug'");
    expect(screen.getByText(/line 2/)).toBeInTheDocument();
    expect(screen.getByText("Replaces the present value.")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Save 2 and deploy" }));
    await waitFor(() => expect(onDone).toHaveBeenCalled());
    expect(calls[0]?.body).toEqual({ set: { A: "1", LOG_LEVEL: "debug" } });
    expect(screen.getByRole("link", { name: "Watch" })).toHaveAttribute("href", "/apps/hello/deployments/7");
  });

  it("refuses names that cannot be, without asking the server", async () => {
    const calls = answerCalls({});
    await renderPiece(<ConfigEditor app="hello" known={known} onDone={vi.fn()} />);
    await user.type(screen.getByLabelText("Name"), "2BAD");
    await user.click(screen.getByRole("button", { name: "Save and deploy" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("Letters, digits and underscores");
    expect(calls).toHaveLength(0);
  });

  it("keeps the rows when the server refuses them", async () => {
    answerCalls({
      "PATCH /apps/hello/config": () => refusal(422, "config name PORT is set by Slipway itself"),
    });
    await renderPiece(<ConfigEditor app="hello" known={known} onDone={vi.fn()} />);
    await user.type(screen.getByLabelText("Name"), "PORT");
    await user.type(screen.getByLabelText("Value of PORT"), "80");
    await user.click(screen.getByRole("button", { name: "Save and deploy" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("PORT is set by Slipway itself");
    expect(screen.getByLabelText("Value of PORT")).toHaveValue("80");
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

describe("ServingSection", () => {
  it("sends what was changed, for the revision that was read", async () => {
    const calls = answerCalls({ "PATCH /apps/hello": () => ({ body: anApp({ port: 3000, revision: 5 }) }) });
    await renderPiece(<ServingSection app={anApp({ memory_mb: 256, revision: 4 })} may />);
    expect(screen.getByRole("button", { name: "Save" })).toBeDisabled();
    await user.type(screen.getByLabelText("Port"), "30x00");
    await user.clear(screen.getByLabelText("Memory per instance, MiB"));
    await user.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(calls).toHaveLength(1));
    expect(calls[0]?.body).toEqual({ port: 3000, memory_mb: 0 });
    expect(calls[0]?.headers.get("If-Match")).toBe('"4"');
    expect(await screen.findByText("Saved.")).toBeInTheDocument();
  });
});

describe("DestroySection", () => {
  it("says what goes, and needs the name typed", async () => {
    const calls = answerCalls({ "DELETE /apps/hello": () => ({ status: 204 }) });
    const { path } = await renderPiece(<DestroySection app={anApp({})} />);
    await user.click(screen.getByRole("button", { name: "Destroy hello" }));
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByText(/2 running instances/)).toBeInTheDocument();
    const button = dialog.getByRole("button", { name: "Destroy it" });
    expect(button).toBeDisabled();
    await user.type(dialog.getByLabelText("Type hello to go on"), "hell");
    expect(button).toBeDisabled();
    await user.type(dialog.getByLabelText("Type hello to go on"), "o");
    await user.click(button);
    await waitFor(() => expect(calls).toHaveLength(1));
    expect(calls[0]?.query.get("confirm")).toBe("hello");
    expect(path()).toBe("/");
  });
});
