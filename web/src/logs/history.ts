import { Problem, problemFrom } from "@/api/problem";
import type { Gap, Line } from "@/api/types";

/** A part of a log as the server keeps it. */
export interface LogPart {
  lines: Line[];
  /** Lines that stood before these and are no longer kept. */
  gap?: Gap;
  next: number;
}

const most = 1000;

async function ask(path: string, query: Record<string, number>, signal?: AbortSignal): Promise<LogPart> {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  let response: Response;
  try {
    response = await globalThis.fetch(url, { credentials: "same-origin", signal });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "unreachable", "");
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw problemFrom(response, body);
  return body as LogPart;
}

/** The last lines of a log, at most 1000. */
export function readTail(path: string, n: number, signal?: AbortSignal): Promise<LogPart> {
  return ask(path, { tail: Math.min(n, most) }, signal);
}

/**
 * The lines from one seq to another. The server may give fewer at a time than it
 * is asked for, so it is asked until all are there or there are no more.
 */
export async function readRange(
  path: string,
  from: number,
  to: number,
  signal?: AbortSignal,
): Promise<LogPart> {
  const all: LogPart = { lines: [], next: Math.max(0, from - 1) };
  while (all.next < to) {
    const part = await ask(path, { after: all.next, limit: Math.min(most, to - all.next) }, signal);
    if (part.gap) all.gap = all.gap ? { ...all.gap, to: part.gap.to } : part.gap;
    all.lines.push(...part.lines);
    if (part.next <= all.next) break;
    all.next = part.next;
  }
  return all;
}
