import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeSocket, fakeSockets } from "@/test/socket";
import { ReconnectingSocket, type SocketStatus } from "./socket";

describe("a connection that slept", () => {
  let statuses: SocketStatus[];
  let socket: ReconnectingSocket;

  beforeEach(() => {
    vi.useFakeTimers();
    fakeSockets();
    statuses = [];
    socket = new ReconnectingSocket({
      url: () => "ws://localhost/x",
      onFrame: () => {},
      onStatus: (status) => statuses.push(status),
    });
    FakeSocket.last.open();
  });
  afterEach(() => {
    socket.close();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  /** The machine sleeps: the clock goes on and no timer runs. */
  const sleep = (ms: number) => vi.setSystemTime(Date.now() + ms);

  it.each(["online", "pageshow"])("is opened anew at once by %s", (event) => {
    sleep(60_000);
    window.dispatchEvent(new Event(event));
    expect(FakeSocket.all).toHaveLength(2);
    FakeSocket.last.open();
    expect(statuses).toEqual(["connecting", "open", "lost", "open"]);
  });

  it("is opened anew when somebody looks at the page again", () => {
    sleep(21_000);
    document.dispatchEvent(new Event("visibilitychange"));
    expect(FakeSocket.all).toHaveLength(2);
  });

  it("is left alone when it was heard a moment ago", () => {
    sleep(14_000);
    FakeSocket.last.send({ type: "ping" });
    sleep(14_000);
    window.dispatchEvent(new Event("online"));
    expect(FakeSocket.all).toHaveLength(1);
    expect(statuses).toEqual(["connecting", "open"]);
  });

  it("is found out soon after waking even when no event says so", () => {
    sleep(3_600_000);
    vi.advanceTimersByTime(5000);
    expect(statuses.at(-1)).toBe("lost");
    vi.advanceTimersByTime(1000);
    expect(FakeSocket.all).toHaveLength(2);
  });
});
