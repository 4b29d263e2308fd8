import { useQuery } from "@tanstack/react-query";
import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { Live } from "@/api/live";
import { keys, queries } from "@/api/queries";
import type { App } from "@/api/types";
import { anApp } from "@/test/app";
import { renderPiece } from "@/test/render";
import { answerCalls, refusal } from "@/test/server";
import { FakeSocket, fakeSockets } from "@/test/socket";
import { DestroySection } from "./DestroySection";
import { PlacingSection } from "./PlacingSection";
import { ServingSection } from "./ServingSection";
import { SourceSection } from "./SourceSection";
import { WebhookSection } from "./WebhookSection";

const user = userEvent.setup();
const save = () => user.click(screen.getByRole("button", { name: "Save" }));
const memory = "Memory per instance, MiB";

/** A server that holds one app and honours If-Match. */
function serve(server: { app: App }) {
  const calls = answerCalls({
    "GET /apps/hello": () => ({ body: server.app }),
    "PATCH /apps/hello": (call) =>
      call.headers.get("If-Match") === `"${server.app.revision}"`
        ? { body: { ...server.app, ...(call.body as object), revision: server.app.revision + 1 } }
        : refusal(412, "hello has changed since you read it"),
  });
  return () => calls.filter((call) => call.method === "PATCH");
}

function Shown({ of: Piece }: { of: typeof ServingSection }) {
  const { data } = useQuery(queries.app("hello"));
  return data ? <Piece app={data} may /> : null;
}

describe("PlacingSection", () => {
  it("sends labels and what is reserved, and takes no others", async () => {
    const patches = serve({ app: anApp({ placement: { disk: "hdd" }, reserve_cpu_milli: 100 }) });
    await renderPiece(<Shown of={PlacingSection} />);
    const labels = await screen.findByLabelText("Labels a node must have");
    expect(labels).toHaveValue("disk=hdd");
    await user.clear(labels);
    await user.type(labels, "disk ssd");
    await save();
    expect(labels).toHaveAccessibleDescription(/Write each as label=value/);
    expect(patches()).toHaveLength(0);
    await user.clear(labels);
    await user.type(labels, "disk=ssd zone=a");
    await user.type(screen.getByLabelText("Reserved memory, MiB"), "64");
    expect(
      screen.getByText(
        "slipway settings --placement disk=ssd --placement zone=a --reserve-memory 64 -a hello",
      ),
    ).toBeInTheDocument();
    await save();
    expect(await screen.findByText("Saved.")).toBeInTheDocument();
    expect(patches()[0]?.body).toEqual({ placement: { disk: "ssd", zone: "a" }, reserve_memory_mb: 64 });
  });
});

describe("ServingSection", () => {
  it("sends what was changed, for the revision that was read", async () => {
    const patches = serve({ app: anApp({ memory_mb: 256, revision: 4 }) });
    await renderPiece(<Shown of={ServingSection} />);
    expect(await screen.findByRole("button", { name: "Save" })).toBeDisabled();
    await user.type(screen.getByLabelText("Port"), "30x00");
    await user.clear(screen.getByLabelText(memory));
    expect(screen.getByText("slipway settings --port 3000 --memory 0 -a hello")).toBeInTheDocument();
    await save();
    expect(await screen.findByText("Saved.")).toBeInTheDocument();
    expect(patches()[0]?.body).toEqual({ port: 3000, memory_mb: 0 });
    expect(patches()[0]?.headers.get("If-Match")).toBe('"4"');
  });

  it("says beside the field what cannot be, and its bounds", async () => {
    const patches = serve({ app: anApp({}) });
    await renderPiece(<Shown of={ServingSection} />);
    await user.type(await screen.findByLabelText(memory), "8");
    await user.type(screen.getByLabelText("Health path"), "up");
    await save();
    expect(screen.getByLabelText(memory)).toHaveAccessibleDescription(/^From 16 to 1,048,576/);
    expect(screen.getByLabelText("Health path")).toHaveAccessibleDescription(/begins with \//);
    expect(patches()).toHaveLength(0);
  });

  it("keeps what was typed while others change it, and follows them elsewhere", async () => {
    const server = { app: anApp({ revision: 1 }) };
    serve(server);
    const { client } = await renderPiece(<Shown of={ServingSection} />);
    await user.type(await screen.findByLabelText("Health path"), "/mine");
    server.app = anApp({ revision: 2, health_path: "/theirs", port: 8088 });
    await act(() => client.invalidateQueries({ queryKey: keys.app("hello") }));
    await waitFor(() => expect(screen.getByLabelText("Port")).toHaveValue("8088"));
    expect(screen.getByLabelText("Health path")).toHaveValue("/mine");
    expect(screen.getByLabelText("Health path")).toHaveAccessibleDescription(/set it to \/theirs/);
  });

  it("saves over nothing unseen: it says so, keeps the text, and saves the next time", async () => {
    const server = { app: anApp({ revision: 1 }) };
    const patches = serve(server);
    await renderPiece(<Shown of={ServingSection} />);
    await user.type(await screen.findByLabelText("Health path"), "/mine");
    server.app = anApp({ revision: 2, health_path: "/theirs" });
    await save();
    expect(await screen.findByRole("alert")).toHaveTextContent("Nothing was saved");
    expect(screen.getByLabelText("Health path")).toHaveValue("/mine");
    await save();
    await waitFor(() => expect(patches()).toHaveLength(2));
    expect(patches()[1]?.headers.get("If-Match")).toBe('"2"');
  });

  it("is saved at once when others changed only other settings", async () => {
    const server = { app: anApp({ revision: 1 }) };
    const patches = serve(server);
    await renderPiece(<Shown of={ServingSection} />);
    await user.type(await screen.findByLabelText("Port"), "3000");
    server.app = anApp({ revision: 2, branch: "other" });
    await save();
    await waitFor(() => expect(patches()).toHaveLength(2));
    expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  });
});

describe("SourceSection", () => {
  const source = { url: "https://example.com/a.git", has_credential: true };

  it("keeps the stored credential for its URL, and offers it for no other", async () => {
    serve({ app: anApp({ source }) });
    await renderPiece(<Shown of={SourceSection} />);
    expect(await screen.findByLabelText("Credential")).toHaveValue("keep");
    await user.type(screen.getByLabelText(/Git URL/), "2");
    expect(screen.getByLabelText("Credential")).toHaveValue("none");
    expect(screen.getByLabelText("Credential")).toHaveAccessibleDescription(/is not used for this one/);
  });

  it("takes no deploy key that is none", async () => {
    const patches = serve({ app: anApp({ source }) });
    await renderPiece(<Shown of={SourceSection} />);
    await user.selectOptions(await screen.findByLabelText("Credential"), "Deploy key");
    await user.type(screen.getByLabelText("Private key"), "ssh-ed25519 AAAA");
    await save();
    expect(screen.getByLabelText("Private key")).toHaveAccessibleDescription(/not a private key/);
    expect(patches()).toHaveLength(0);
  });
});

describe("WebhookSection", () => {
  it("makes a secret only when it was said what that ends, and shows it with the address", async () => {
    const calls = answerCalls({
      "POST /apps/hello/webhook-secret": () => ({ body: { secret: "s3cret", url: "http://h/webhooks" } }),
    });
    await renderPiece(
      <WebhookSection
        app={anApp({ source: { url: "git@github.com:you/hello.git", has_credential: true } })}
        may
      />,
    );
    expect(screen.getByRole("link", { name: /Add webhook/ })).toHaveAttribute(
      "href",
      "https://github.com/you/hello/settings/hooks/new",
    );
    await user.click(screen.getByRole("button", { name: "Make a new secret" }));
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByText(/stops working at once/)).toBeInTheDocument();
    expect(calls).toHaveLength(0);
    await user.click(dialog.getByRole("button", { name: "Make a new secret" }));
    expect(await screen.findByText("s3cret")).toBeInTheDocument();
    expect(screen.getByText("http://h/webhooks")).toBeInTheDocument();
  });
});

describe("DestroySection", () => {
  const counted = {
    "GET /apps/hello/config": () => ({ body: { items: [{ key: "A" }, { key: "B" }], can_read: false } }),
    "GET /apps/hello/domains": () => ({
      body: { items: [{ host: "hello.localhost", automatic: true }, { host: "www.example.com" }] },
    }),
    "GET /apps/hello/releases": () => ({ body: { items: [{}, {}, {}], next_cursor: "" } }),
  };
  const ask = async () => {
    await user.click(await screen.findByRole("button", { name: "Destroy hello" }));
    return within(await screen.findByRole("dialog"));
  };

  it("counts what goes, and needs the name typed", async () => {
    const calls = answerCalls({ ...counted, "DELETE /apps/hello": () => ({ status: 204 }) });
    const { path } = await renderPiece(<DestroySection app={anApp({})} />);
    const dialog = await ask();
    expect(dialog.getByText(/2 running instances/)).toBeInTheDocument();
    expect(await dialog.findByText("2 config vars")).toBeInTheDocument();
    expect(await dialog.findByText("3 releases with their images")).toBeInTheDocument();
    expect(await dialog.findByText("1 domain of its own: www.example.com")).toBeInTheDocument();
    const button = dialog.getByRole("button", { name: "Destroy it" });
    expect(button).toBeDisabled();
    await user.type(dialog.getByLabelText("Type hello to go on"), "hell");
    expect(button).toBeDisabled();
    await user.type(dialog.getByLabelText("Type hello to go on"), "o");
    await user.click(button);
    expect(await screen.findByText("hello is destroyed.")).toBeInTheDocument();
    expect(calls.find((call) => call.method === "DELETE")?.query.get("confirm")).toBe("hello");
    expect(path()).toBe("/");
  });

  function Watched() {
    const { data, error } = useQuery(queries.app("hello"));
    if (error) return <p>no such app</p>;
    return data ? <DestroySection app={data} /> : null;
  }

  it("does not say that there is no such app while it goes, and forgets it", async () => {
    let gone = false;
    let answer = () => {};
    answerCalls({
      ...counted,
      "GET /apps/hello": () => (gone ? refusal(404, "no app") : { body: anApp({}) }),
      "DELETE /apps/hello": () => {
        gone = true;
        return new Promise((resolve) => (answer = () => resolve({ status: 204 })));
      },
    });
    const { client } = await renderPiece(<Watched />);
    fakeSockets();
    const live = new Live(client);
    live.start();
    FakeSocket.last.open();
    FakeSocket.last.send({ type: "hello", epoch: "e", seq: 1 });
    const dialog = await ask();
    await dialog.findByText("2 config vars");
    await user.type(dialog.getByLabelText("Type hello to go on"), "hello{Enter}");
    await waitFor(() => expect(gone).toBe(true));
    // The live connection tells of it before the answer comes.
    client.setQueryData(keys.apps, []);
    FakeSocket.last.send({ type: "event", seq: 2, topic: "app", app: "hello", id: "a", action: "removed" });
    await waitFor(() => expect(client.getQueryState(keys.apps)?.isInvalidated).toBe(true));
    expect(client.getQueryState(keys.part("hello", "self"))?.isInvalidated).toBe(false);
    expect(screen.queryByText("no such app")).not.toBeInTheDocument();
    answer();
    expect(await screen.findByText("hello is destroyed.")).toBeInTheDocument();
    await waitFor(() => expect(client.getQueryState(keys.part("hello", "self"))).toBeUndefined());
    live.stop();
    vi.unstubAllGlobals();
  });

  it("keeps the name that was typed when it fails", async () => {
    answerCalls({ ...counted, "DELETE /apps/hello": () => refusal(503, "the engine cannot be reached") });
    await renderPiece(<DestroySection app={anApp({})} />);
    const dialog = await ask();
    await user.type(dialog.getByLabelText("Type hello to go on"), "hello{Enter}");
    expect(await dialog.findByText("the engine cannot be reached")).toBeInTheDocument();
    expect(dialog.getByLabelText("Type hello to go on")).toHaveValue("hello");
  });
});
