import { useSyncExternalStore } from "react";

/** Where the reader points on the graphs of one page. */
export interface Pointed {
  /** Unix seconds of a step. */
  time: number;
  /** The graph that is pointed at; the others only follow. */
  graph: string;
}

/**
 * What is pointed at, for all graphs of a page together. It is a time and no
 * place in the columns, so that it stays where it is when new figures come.
 */
export class Cursor {
  private pointed: Pointed | undefined;
  private readonly listeners = new Set<() => void>();

  get = (): Pointed | undefined => this.pointed;

  set(next: Pointed | undefined): void {
    if (this.pointed?.time === next?.time && this.pointed?.graph === next?.graph) return;
    this.pointed = next;
    for (const listener of this.listeners) listener();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

export function usePointed(cursor: Cursor): Pointed | undefined {
  return useSyncExternalStore(cursor.subscribe, cursor.get);
}

/** The step in which a time lies; undefined when it is none of them any more. */
export function stepOf(times: readonly number[], time: number): number | undefined {
  const first = times[0];
  const last = times.at(-1);
  if (first === undefined || last === undefined || time < first) return undefined;
  const step = times.length > 1 ? (last - first) / (times.length - 1) : 1;
  if (time >= last + step) return undefined;
  return Math.min(times.length - 1, Math.floor((time - first) / step));
}

/** Where a key leads to from a step; undefined for keys that lead nowhere. */
export function moved(key: string, from: number | undefined, length: number): number | undefined {
  const last = length - 1;
  if (last < 0) return undefined;
  const at = from ?? last;
  const far = Math.max(1, Math.round(length / 12));
  switch (key) {
    case "ArrowLeft":
    case "ArrowDown":
      return from === undefined ? last : Math.max(0, at - 1);
    case "ArrowRight":
    case "ArrowUp":
      return Math.min(last, at + 1);
    case "PageDown":
      return Math.max(0, at - far);
    case "PageUp":
      return Math.min(last, at + far);
    case "Home":
      return 0;
    case "End":
      return last;
    default:
      return undefined;
  }
}
