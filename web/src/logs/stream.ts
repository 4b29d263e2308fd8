import { useEffect, useMemo, useRef, useState } from "react";
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
  /** Goes up when the sink has changed, at most once a frame of the screen. */
  version: number;
}

const initial: LogStreamState = {
  status: "connecting",
  caughtUp: false,
  ended: false,
  problem: undefined,
  version: 0,
};

/**
 * Reads a log stream into a sink and renders at most once a frame, however many
 * lines come. After a cut it resumes from the sink's cursor. While the page is
 * hidden, frames of the screen do not come; lines are still taken.
 */
export function useLogStream<S extends LogSink>(
  path: string,
  makeSink: () => S,
  tail?: number,
): LogStreamState & { sink: S; retryNow: () => void } {
  const make = useRef(makeSink);
  // Another path is another stream, with a sink of its own.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path is what makes it another
  const sink = useMemo(() => make.current(), [path]);
  const [state, setState] = useState(initial);
  const socketRef = useRef<ReconnectingSocket | undefined>(undefined);

  useEffect(() => {
    setState(initial);
    let frame = 0;
    let pending: Partial<LogStreamState> = {};
    const change = (part: Partial<LogStreamState>) => {
      pending = { ...pending, ...part };
      if (frame) return;
      const flush = () => {
        frame = 0;
        const now = pending;
        pending = {};
        setState((before) => ({ ...before, ...now, version: before.version + 1 }));
      };
      frame = document.hidden ? window.setTimeout(flush, 250) : requestAnimationFrame(flush);
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
      onStatus: (status) => {
        if (status === "lost") sink.cut(Date.now());
        if (status === "open") sink.resumed(Date.now());
        change(status === "open" ? { status, problem: undefined } : { status });
      },
    });
    socketRef.current = socket;
    return () => {
      socket.close();
      cancelAnimationFrame(frame);
      clearTimeout(frame);
    };
  }, [path, sink, tail]);

  return { ...state, sink, retryNow: () => socketRef.current?.retryNow() };
}
