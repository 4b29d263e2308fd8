import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { readRange, readTail } from "./history";
import { LogModel } from "./model";
import type { LineRange, Query } from "./query";
import { useLogStream } from "./stream";

/** Where a log is read from. */
export interface LogSource {
  /** The path of its lines; its stream is below it. */
  path: string;
  /** How many lines of history to begin with; undefined for all of them. */
  tail?: number;
}

const earlierAtOnce = 2000;
const around = 500;
const slice = 8;

/** Where a link to a line led to. */
export type Located = "none" | "looking" | "found" | "expired" | "unwritten";

/** A log that is read live and back into its history, narrowed to a query. */
export function useLogView(source: LogSource, query: Query, line: LineRange | undefined) {
  const [located, setLocated] = useState<Located>(line ? "looking" : "none");
  const [loading, setLoading] = useState<"earlier" | "later" | "end" | undefined>();
  const [error, setError] = useState<unknown>();
  const [, count] = useState(0);
  const redraw = useCallback(() => count((n) => n + 1), []);
  const [ready, setReady] = useState(!line);
  const stream = useLogStream(`${source.path}/stream`, () => new LogModel(), {
    tail: source.tail,
    wait: !ready,
  });
  const model = stream.sink;
  const busy = useRef(false);
  const aborter = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => aborter.current?.abort(), []);

  const matcher = useMemo(() => model.setQuery(query), [model, query]);
  useEffect(() => {
    void matcher; // another query is another run through what is held
    let timer = 0;
    let slices = 0;
    const step = () => {
      const more = model.work(performance.now() + slice);
      if (more) timer = window.setTimeout(step);
      // What was shown stays until it is done; now and then it says that it is at work.
      if (!more || slices++ % 20 === 0) redraw();
    };
    step();
    return () => clearTimeout(timer);
  }, [model, matcher, redraw]);

  /** Fetches one thing at a time; what is asked for meanwhile is left out. */
  const fetching = useCallback(
    async (what: "earlier" | "later" | "end" | undefined, fetch: (signal: AbortSignal) => Promise<void>) => {
      if (busy.current) return;
      busy.current = true;
      aborter.current = new AbortController();
      setLoading(what);
      setError(undefined);
      try {
        await fetch(aborter.current.signal);
      } catch (problem) {
        if (!aborter.current.signal.aborted) setError(problem);
      } finally {
        busy.current = false;
        setLoading(undefined);
      }
    },
    [],
  );

  const loadEarlier = useCallback(
    (most = earlierAtOnce) =>
      fetching("earlier", async (signal) => {
        const before = model.start - 1;
        if (before < 1 || model.earliest) {
          model.earliest = true;
          return;
        }
        const part = await readRange(source.path, Math.max(1, before - most + 1), before, signal);
        model.prepend(part.lines, part.gap);
      }),
    [fetching, model, source.path],
  );

  const loadLater = useCallback(
    () =>
      fetching("later", async (signal) => {
        if (model.attached) return;
        const part = await readRange(source.path, model.end + 1, model.end + earlierAtOnce, signal);
        model.extend(part.lines, part.gap);
      }),
    [fetching, model, source.path],
  );

  /** Brings the newest lines, where they are not held any more. */
  const toEnd = useCallback(() => {
    model.place = undefined;
    if (model.toEnd()) return Promise.resolve();
    return fetching("end", async (signal) => {
      const part = await readTail(source.path, 1000, signal);
      if (!model.toEnd()) model.reset(part.lines, part.gap);
    });
  }, [fetching, model, source.path]);

  /** Brings a line, with what stands around it. */
  const goTo = useCallback(
    (seq: number) =>
      fetching(undefined, async (signal) => {
        if (model.find(seq)) return setLocated("found");
        setLocated("looking");
        if (model.cursor === 0) model.cursor = (await readTail(source.path, 1, signal)).next;
        if (seq > model.cursor) {
          if (model.end === 0) model.reset((await readTail(source.path, around, signal)).lines);
          return setLocated("unwritten");
        }
        const part = await readRange(source.path, Math.max(1, seq - around), seq + around, signal);
        model.reset(part.lines, part.gap);
        setLocated(model.find(seq)?.kind === "line" ? "found" : "expired");
      }),
    [fetching, model, source.path],
  );

  const wanted = line?.from;
  useEffect(() => {
    if (wanted === undefined) return setLocated("none");
    void goTo(wanted).finally(() => setReady(true));
  }, [wanted, goTo]);

  return { ...stream, model, matcher, located, loading, error, loadEarlier, loadLater, toEnd, redraw };
}

export type LogView = ReturnType<typeof useLogView>;
