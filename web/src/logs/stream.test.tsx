import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeSocket, fakeSockets } from "@/test/socket";
import { LogModel } from "./model";
import { useLogStream } from "./stream";

const line = (seq: number) => ({ seq, time: "2026-01-02T03:04:05Z", source: "app", text: `line ${seq}` });
const frames = () => act(() => vi.advanceTimersByTime(50));

describe("useLogStream", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    fakeSockets();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
  const start = () =>
    renderHook(() => useLogStream("/api/v1/apps/hello/logs/stream", () => new LogModel(), { tail: 500 }));

  it("asks for the tail first, and for what follows the last line after a cut", () => {
    const { result } = start();
    expect(FakeSocket.last.url).toMatch(/^ws:\/\/.*\/api\/v1\/apps\/hello\/logs\/stream\?tail=500$/);
    FakeSocket.last.open();
    FakeSocket.last.send({ type: "lines", lines: [line(41), line(42)] });
    FakeSocket.last.send({ type: "caught_up" });
    frames();
    expect(result.current).toMatchObject({ status: "open", caughtUp: true, ended: false });

    FakeSocket.last.cut();
    frames();
    expect(result.current.status).toBe("lost");
    expect(result.current.retryAt).toBeGreaterThan(Date.now());
    expect(result.current.sink.view.last?.kind).toBe("cut");
    act(() => vi.advanceTimersByTime(1000));
    expect(FakeSocket.all).toHaveLength(2);
    expect([...FakeSocket.last.query]).toEqual([["after", "42"]]);
    FakeSocket.last.open();
    FakeSocket.last.send({ type: "lines", lines: [line(43)] });
    frames();
    expect(result.current.status).toBe("open");
    expect(result.current.sink.view.slice(0, 9).map((row) => row.kind)).toEqual([
      "line",
      "line",
      "cut",
      "line",
    ]);
  });

  it("renders once for a thousand frames", () => {
    const { result } = start();
    FakeSocket.last.open();
    frames();
    const before = result.current.version;
    for (let seq = 1; seq <= 1000; seq++) FakeSocket.last.send({ type: "lines", lines: [line(seq)] });
    frames();
    expect(result.current.sink.lines.held).toBe(1000);
    expect(result.current.version).toBe(before + 1);
  });

  it("stays over when the stream has ended", () => {
    const { result } = start();
    FakeSocket.last.open();
    FakeSocket.last.send({ type: "end", state: "succeeded", reason: "" });
    frames();
    expect(result.current).toMatchObject({ ended: true, status: "closed" });
    act(() => vi.advanceTimersByTime(120_000));
    expect(FakeSocket.all).toHaveLength(1);
  });

  it("takes silence for a cut", () => {
    const { result } = start();
    FakeSocket.last.open();
    for (let i = 0; i < 4; i++) {
      act(() => vi.advanceTimersByTime(15_000));
      FakeSocket.last.send({ type: "ping" });
    }
    expect(result.current.status).toBe("open");
    act(() => vi.advanceTimersByTime(46_000));
    expect(FakeSocket.all.length).toBeGreaterThan(1);
  });

  it("is not thrown by what it does not know", () => {
    const { result } = start();
    FakeSocket.last.open();
    FakeSocket.last.send("not json");
    FakeSocket.last.send({ type: "later" });
    FakeSocket.last.send({ type: "error", problem: { detail: "the disk is away" } });
    frames();
    expect(result.current.problem?.detail).toBe("the disk is away");
  });

  it("waits longer, too, when it is let in only to be put out again", () => {
    start();
    for (let i = 0; i < 8; i++) {
      FakeSocket.last.open();
      FakeSocket.last.cut();
      act(() => vi.advanceTimersByTime(12_600));
    }
    const before = FakeSocket.all.length;
    FakeSocket.last.open();
    FakeSocket.last.cut();
    act(() => vi.advanceTimersByTime(5000));
    expect(FakeSocket.all).toHaveLength(before);
  });

  it("waits longer from one failed attempt to the next, at most ten seconds or so", () => {
    start();
    let attempts = 0;
    for (let i = 0; i < 12; i++) {
      FakeSocket.last.cut();
      act(() => vi.advanceTimersByTime(12_600));
      attempts = FakeSocket.all.length;
    }
    expect(attempts).toBe(13);
  });
});
