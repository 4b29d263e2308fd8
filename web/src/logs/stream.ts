import { useEffect, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { ReconnectingSocket, type SocketStatus, socketUrl } from "@/api/socket";
import type { LogFrame, ProblemBody } from "@/api/types";

/** What a log stream writes into. */
export interface LogSink {
  readonly cursor: number;
  addLines(lines: NonNullable<LogFrame["lines"]>): void;
  addGap(gap: NonNullable<LogFrame["gap"]>): void;
  cut(at: number): void;
  resumed(at: number): void;
}

export interface LogStreamState {
  status: SocketStatus;
  /** All that was kept has been sent; what comes now is live. */
  caughtUp: boolean;
  /** The stream is over, and nothing more will come. */
  ended: boolean;
  problem: ProblemBody | undefined;
  /** While it is lost: when it connects again, as Date.now() counts. */
  retryAt: number | undefined;
  /** Goes up when the sink has changed, at most once a frame of the screen. */
  version: number;
}

const initial: LogStreamState = {
  status: "connecting",
  caughtUp: false,
  ended: false,
  problem: undefined,
  retryAt: undefined,
  version: 0,
};

export interface LogStreamOptions {
  /** How many lines of history to begin with. */
  tail?: number;
  /** Does not connect yet. */
  wait?: boolean;
}

// Rendering takes at most half of the time: the rest is the reader's.
const longestPause = 250;

/**
 * Reads a log stream into a sink and renders at most once a frame, however many
 * lines come, and less often where rendering is slow. After a cut it resumes from
 * the sink's cursor. While the page is hidden, frames of the screen do not come;
 * lines are still taken.
 */
export function useLogStream<S extends LogSink>(
  path: string,
  makeSink: () => S,
  { tail, wait = false }: LogStreamOptions = {},
): LogStreamState & { sink: S; retryNow: () => void } {
  const make = useRef(makeSink);
  // Another path is another stream, with a sink of its own.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path is what makes it another
  const sink = useMemo(() => make.current(), [path]);
  const [state, setState] = useState(initial);
  const socketRef = useRef<ReconnectingSocket | undefined>(undefined);

  useEffect(() => {
    setState(initial);
    if (wait) return;
    let frame = 0;
    let timer = 0;
    let rested = 0;
    let pending: Partial<LogStreamState> = {};
    const change = (part: Partial<LogStreamState>) => {
      pending = { ...pending, ...part };
      if (frame || timer) return;
      const flush = () => {
        frame = timer = 0;
        const now = pending;
        pending = {};
        const started = performance.now();
        flushSync(() => setState((before) => ({ ...before, ...now, version: before.version + 1 })));
        const ended = performance.now();
        rested = ended + Math.min(longestPause, ended - started);
      };
      const next = () => {
        timer = 0;
        frame = requestAnimationFrame(flush);
      };
      const pause = rested - performance.now();
      if (document.hidden) timer = window.setTimeout(flush, longestPause);
      else if (pause > 4) timer = window.setTimeout(next, pause);
      else next();
    };
    const take = (got: LogFrame) => {
      if (got.type === "lines" && got.lines) {
        sink.addLines(got.lines);
        change({});
      } else if (got.type === "gap" && got.gap) {
        sink.addGap(got.gap);
        change({});
      } else if (got.type === "caught_up") change({ caughtUp: true });
      else if (got.type === "end") {
        socket.close();
        change({ ended: true, caughtUp: true, status: "closed" });
      } else if (got.type === "error") change({ problem: got.problem });
    };
    const socket = new ReconnectingSocket({
      url: () => socketUrl(path, sink.cursor > 0 ? { after: sink.cursor } : { tail }),
      onFrame: (got) => take(got as LogFrame),
      onStatus: (status, retryAt) => {
        if (status === "lost") sink.cut(Date.now());
        if (status === "open") sink.resumed(Date.now());
        change(status === "open" ? { status, retryAt, problem: undefined } : { status, retryAt });
      },
    });
    socketRef.current = socket;
    return () => {
      socket.close();
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, [path, sink, tail, wait]);

  return { ...state, sink, retryNow: () => socketRef.current?.retryNow() };
}
