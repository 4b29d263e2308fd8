import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { anApp } from "@/test/app";
import { answerCalls } from "@/test/server";
import { FakeSocket, fakeSockets } from "@/test/socket";
import { Live, staleKeys } from "./live";
import { keys } from "./queries";
import type { App } from "./types";

describe("Live", () => {
  let client: QueryClient;
  let live: Live;
  const stale = (key: readonly unknown[]) => client.getQueryState(key)?.isInvalidated;
  const put = (key: readonly unknown[]) => client.setQueryData(key, {});

  beforeEach(() => {
    vi.useFakeTimers();
    fakeSockets();
    client = new QueryClient();
    live = new Live(client);
    live.start();
    FakeSocket.last.open();
    FakeSocket.last.send({ type: "hello", epoch: "e1", seq: 4 });
  });
  afterEach(() => {
    live.stop();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("makes stale what an event is about, and nothing else", () => {
    put(keys.part("hello", "deployments"));
    put(keys.part("other", "deployments"));
    put(keys.part("hello", "config"));
    FakeSocket.last.send({
      type: "event",
      seq: 5,
      topic: "deployment",
      app: "hello",
      id: "d",
      action: "changed",
    });
    vi.advanceTimersByTime(200);
    expect(stale(keys.part("hello", "deployments"))).toBe(true);
    expect(stale(keys.part("other", "deployments"))).toBe(false);
    expect(stale(keys.part("hello", "config"))).toBe(false);
  });

  it("asks again for what was asked for before an event and is answered after it", async () => {
    const answers = ["before", "after"];
    const queryFn = () => new Promise((resolve) => setTimeout(() => resolve(answers.shift()), 500));
    const query = new QueryObserver(client, { queryKey: keys.part("hello", "self"), queryFn });
    const leave = query.subscribe(() => {});
    FakeSocket.last.send({ type: "event", seq: 5, topic: "app", app: "hello", id: "a", action: "changed" });
    await vi.advanceTimersByTimeAsync(2000);
    expect(query.getCurrentResult()).toMatchObject({ data: "after", fetchStatus: "idle" });
    leave();
  });

  describe("with a list of apps in sight", () => {
    const apps = ["a", "b"].map((name) => anApp({ id: name, name, status: "live" }));
    const listed = () =>
      client.getQueryData<App[]>(keys.apps)?.map(({ name, status }) => `${name} ${status}`);
    const lists = vi.fn(async () => apps);
    let leave = () => {};
    const tell = (topic: string, app: string) =>
      FakeSocket.last.send({ type: "event", seq: 6, topic, app, id: "i", action: "changed" });

    beforeEach(async () => {
      leave = new QueryObserver(client, { queryKey: keys.apps, queryFn: lists }).subscribe(() => {});
      await vi.advanceTimersByTimeAsync(1000);
      lists.mockClear();
    });
    afterEach(() => leave());

    it("asks for the one that changed, and not for all", async () => {
      const calls = answerCalls({
        "GET /apps/b": () => ({ body: anApp({ id: "b", name: "b", status: "down" }) }),
      });
      tell("instance", "b");
      tell("instance", "b");
      await vi.advanceTimersByTimeAsync(1000);
      expect(listed()).toEqual(["a live", "b down"]);
      expect(calls).toHaveLength(1);
      expect(lists).not.toHaveBeenCalled();
    });

    it("asks for all when an app came, when one went, and when many changed", async () => {
      answerCalls({ "GET /apps/b": () => ({ status: 404, body: { kind: "not_found" } }) });
      tell("app", "new");
      await vi.advanceTimersByTimeAsync(1000);
      expect(lists).toHaveBeenCalledTimes(1);
      tell("app", "b");
      await vi.advanceTimersByTimeAsync(1000);
      expect(lists).toHaveBeenCalledTimes(2);
      for (let n = 0; n < 20; n++) tell("instance", `many-${n}`);
      await vi.advanceTimersByTimeAsync(1000);
      expect(lists).toHaveBeenCalledTimes(3);
    });

    it("asks for none when a config var or a domain changed", async () => {
      const calls = answerCalls({});
      tell("config", "b");
      tell("domain", "b");
      await vi.advanceTimersByTimeAsync(1000);
      expect([calls.length, lists.mock.calls.length]).toEqual([0, 0]);
    });
  });

  it("asks once for a burst of events", () => {
    const invalidate = vi.spyOn(client, "invalidateQueries");
    for (let seq = 5; seq < 105; seq++) {
      FakeSocket.last.send({ type: "event", seq, topic: "config", app: "hello", id: "c", action: "changed" });
    }
    vi.advanceTimersByTime(200);
    const asked = staleKeys({ type: "event", topic: "config", app: "hello" });
    expect(invalidate).toHaveBeenCalledTimes(asked.length);
  });

  it("resumes where it was after a cut, and says so meanwhile", () => {
    FakeSocket.last.send({ type: "event", seq: 9, topic: "app", app: "hello", id: "a", action: "changed" });
    expect(live.getStatus()).toBe("open");
    FakeSocket.last.cut();
    expect(live.getStatus()).toBe("lost");
    vi.advanceTimersByTime(1000);
    expect(Object.fromEntries(FakeSocket.last.query)).toEqual({ epoch: "e1", after: "9" });
    put(keys.apps);
    FakeSocket.last.open();
    FakeSocket.last.send({ type: "hello", epoch: "e1", seq: 20 });
    expect(live.getStatus()).toBe("open");
    expect(stale(keys.apps)).toBe(false); // what was missed is sent again
  });

  it("asks for everything again when what was missed cannot be sent", () => {
    put(keys.apps);
    FakeSocket.last.cut();
    vi.advanceTimersByTime(1000);
    FakeSocket.last.open();
    FakeSocket.last.send({ type: "hello", epoch: "e2", seq: 1 });
    expect(stale(keys.apps)).toBe(true);
    put(keys.tokens);
    FakeSocket.last.send({ type: "reset" });
    expect(stale(keys.tokens)).toBe(true);
  });

  it("goes on from a reset in the history that it names", () => {
    FakeSocket.last.send({ type: "event", seq: 900, topic: "app", app: "hello", id: "a", action: "changed" });
    FakeSocket.last.send({ type: "reset", epoch: "e2", seq: 3 });
    FakeSocket.last.cut();
    vi.advanceTimersByTime(1000);
    expect(Object.fromEntries(FakeSocket.last.query)).toEqual({ epoch: "e2", after: "3" });
  });

  it("knows since when it has been cut off, through all tries", () => {
    expect(live.getLostAt()).toBeUndefined();
    FakeSocket.last.cut();
    const since = live.getLostAt();
    expect(since).toBe(Date.now());
    vi.advanceTimersByTime(1000);
    FakeSocket.last.cut();
    expect(live.getLostAt()).toBe(since);
    vi.advanceTimersByTime(3000);
    FakeSocket.last.open();
    expect(live.getLostAt()).toBeUndefined();
  });
});
