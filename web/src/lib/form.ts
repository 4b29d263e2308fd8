import { useCallback, useRef, useState } from "react";
import { asProblem, type Problem } from "@/api/problem";

export interface Action<A extends unknown[], R> {
  /** Runs it; undefined when it failed or ran already. */
  run: (...args: A) => Promise<R | undefined>;
  busy: boolean;
  problem: Problem | undefined;
  /** What the server says about a field; several names may mean the same. */
  field: (...names: string[]) => string | undefined;
  /** The problem, unless it stands beside a field that the form shows. */
  general: (...shown: string[]) => Problem | undefined;
  reset: () => void;
}

/**
 * One call that a person starts: busy while it runs, not twice at once, and
 * with its failure kept until the next try. What was typed is the form's own
 * and stays.
 */
export function useAction<A extends unknown[], R>(call: (...args: A) => Promise<R>): Action<A, R> {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const running = useRef(false);
  const latest = useRef(call);
  latest.current = call;

  const run = useCallback(async (...args: A) => {
    if (running.current) return undefined;
    running.current = true;
    setBusy(true);
    setProblem(undefined);
    try {
      return await latest.current(...args);
    } catch (error) {
      setProblem(asProblem(error));
      return undefined;
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, []);

  const field = (...names: string[]) => {
    for (const name of names) if (problem?.fields[name]) return problem.fields[name];
    return undefined;
  };
  const general = (...shown: string[]) => {
    if (!problem) return undefined;
    const named = Object.keys(problem.fields);
    return named.length > 0 && named.every((name) => shown.includes(name)) ? undefined : problem;
  };
  return { run, busy, problem, field, general, reset: useCallback(() => setProblem(undefined), []) };
}
