import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answerCalls, type Call } from "@/test/server";
import { FakeSocket, fakeSockets } from "@/test/socket";
import { Endings } from "./endings";
import { Live } from "./live";
import { keys } from "./queries";
import type { Deployment } from "./types";

const deployment = (part: Partial<Deployment>) =>
  ({
    id: "d1",
    app: "shop",
    number: 1,
    state: "building",
    created_by: "ada@example.com",
    ...part,
  }) as Deployment;

describe("Endings", () => {
  let client: QueryClient;
  let live: Live;
  let endings: Endings;
  let calls: Call[];
  let now: Deployment[];
  let wanted = true;
  const told: string[] = [];
  const happens = async (id: string) => {
    FakeSocket.last.send({ type: "event", seq: 9, topic: "deployment", app: "shop", id, action: "changed" });
    await vi.advanceTimersByTimeAsync(500);
  };

  beforeEach(() => {
    vi.useFakeTimers();
    fakeSockets();
    told.length = 0;
    wanted = true;
    now = [];
    calls = answerCalls({
      "GET /apps/shop/deployments": () => ({ body: { items: now, next_cursor: "" } }),
      "GET /apps/shop/deployments/1": () => ({ body: now.find((d) => d.number === 1) }),
    });
    client = new QueryClient();
    client.setQueryData(keys.session, { user: { email: "ada@example.com" } });
    live = new Live(client);
    live.start();
    FakeSocket.last.open();
    FakeSocket.last.send({ type: "hello", epoch: "e1", seq: 1 });
    endings = new Endings(client, live, {
      wanted: () => wanted,
      tell: (d) => told.push(`${d.app} ${d.number} ${d.state}`),
    });
  });
  afterEach(() => {
    endings.stop();
    live.stop();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("tells once of one that this person started", async () => {
    now = [deployment({})];
    await happens("d1");
    expect(told).toEqual([]);
    now = [deployment({ state: "succeeded" })];
    await happens("d1");
    await happens("d1");
    expect(told).toEqual(["shop 1 succeeded"]);
  });

  it("tells of one that was over before it was looked at, and of no older one", async () => {
    now = [deployment({ state: "failed" }), deployment({ id: "d0", number: 0, state: "succeeded" })];
    await happens("d1");
    expect(told).toEqual(["shop 1 failed"]);
  });

  it("is silent about other people's, and asks about each once", async () => {
    now = [deployment({ created_by: "bob@example.com" })];
    await happens("d1");
    now = [deployment({ created_by: "bob@example.com", state: "failed" })];
    await happens("d1");
    expect(told).toEqual([]);
    expect(calls).toHaveLength(1);
  });

  it("tells of another person's that was looked at while it ran", async () => {
    now = [deployment({ created_by: "bob@example.com", state: "failed" })];
    client.setQueryData(
      [...keys.part("shop", "deployment"), 1],
      deployment({ created_by: "bob@example.com" }),
    );
    await happens("d1");
    expect(told).toEqual(["shop 1 failed"]);
  });

  it("asks nothing while nobody wants to know", async () => {
    wanted = false;
    await happens("d1");
    expect(calls).toHaveLength(0);
  });
});
