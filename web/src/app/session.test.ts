import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Live } from "@/api/live";
import { keys } from "@/api/queries";
import type { makeRouter } from "@/router";
import { answerCalls, type Call } from "@/test/server";
import { FakeSocket, fakeSockets } from "@/test/socket";
import { keepSession } from "./session";

const ada = { user: { id: "u1", email: "ada@example.com" } };
const bob = { user: { id: "u2", email: "bob@example.com" } };

describe("a tab among others", () => {
  const other = new BroadcastChannel("slipway.session");
  const navigate = vi.fn(async () => {});
  const location = {
    pathname: "/apps/shop/logs",
    href: "/apps/shop/logs?q=x",
    search: {} as { next?: string },
  };
  const client = new QueryClient();
  const live = new Live(client);
  let me: unknown = ada;
  let calls: Call[] = [];
  keepSession({
    client,
    live,
    router: { state: { location }, navigate } as unknown as ReturnType<typeof makeRouter>,
  });

  beforeEach(() => {
    navigate.mockClear();
    fakeSockets();
    calls = answerCalls({ "GET /session": () => ({ body: me }) });
    me = ada;
    Object.assign(location, { pathname: "/apps/shop/logs", href: "/apps/shop/logs?q=x", search: {} });
    client.setQueryData(keys.session, ada);
    client.setQueryData(keys.apps, ["what ada sees"]);
    live.start();
    FakeSocket.last.open();
  });
  afterEach(() => {
    live.stop();
    client.clear();
    vi.unstubAllGlobals();
  });

  it("signs out with them, forgets what it held, and remembers where it was", async () => {
    other.postMessage("signed-out");
    await vi.waitFor(() => expect(navigate).toHaveBeenCalled());
    expect(navigate).toHaveBeenCalledWith({ to: "/sign-in", search: { next: "/apps/shop/logs?q=x" } });
    expect(client.getQueryData(keys.apps)).toBeUndefined();
    expect(live.getStatus()).toBe("closed");
  });

  it("goes on from the sign-in page when another has signed in", async () => {
    Object.assign(location, { pathname: "/sign-in", search: { next: "/apps/shop" } });
    other.postMessage("signed-in");
    await vi.waitFor(() => expect(navigate).toHaveBeenCalled());
    expect(navigate).toHaveBeenCalledWith({ href: "/apps/shop", replace: true });
  });

  it("keeps what it has when the same person has signed in again", async () => {
    const sockets = FakeSocket.all.length;
    client.setQueryData(keys.session, { ...ada, stale: true });
    other.postMessage("signed-in");
    await vi.waitFor(() => expect(client.getQueryData(keys.session)).toEqual(ada));
    expect(client.getQueryData(keys.apps)).toEqual(["what ada sees"]);
    expect(FakeSocket.all).toHaveLength(sockets);
    expect(navigate).not.toHaveBeenCalled();
  });

  it("shows nothing of the one before when another person has", async () => {
    me = bob;
    other.postMessage("signed-in");
    await vi.waitFor(() => expect(client.getQueryData(keys.session)).toEqual(bob));
    await vi.waitFor(() => expect(client.getQueryData(keys.apps)).toBeUndefined());
    await vi.waitFor(() => expect(live.getStatus()).toBe("connecting"));
  });

  it("takes no word that it does not know", async () => {
    other.postMessage({ evil: true });
    other.postMessage("signed-in");
    // Messages keep their order: the second was answered, so that the first has been passed over.
    await vi.waitFor(() => expect(calls).toHaveLength(1));
    expect(navigate).not.toHaveBeenCalled();
  });
});
