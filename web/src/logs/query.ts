import type { Line } from "@/api/types";
import { atLeast, type Level, levels } from "./level";
import { LinearPattern, type Refusal, Refused } from "./linear";

export const streams = ["stdout", "stderr", "access", "platform"] as const;
export type StreamFilter = (typeof streams)[number];

/** What a log view is narrowed to and what is searched for; it stands in the address. */
export interface Query {
  q: string;
  regex: boolean;
  case: boolean;
  /** Only lines that match are shown; otherwise all are, with the matches marked. */
  only: boolean;
  process: string;
  instance: string;
  stream: StreamFilter | "";
  /** The least level. */
  level: Level | "";
}

export const noQuery: Query = {
  q: "",
  regex: false,
  case: false,
  only: true,
  process: "",
  instance: "",
  stream: "",
  level: "",
};

/** One line, or several, that a link leads to. */
export interface LineRange {
  from: number;
  to: number;
}

/** What stands in the address, as the router reads and writes it. */
export interface LogSearch {
  q?: string;
  regex?: true;
  case?: true;
  mark?: true;
  process?: string;
  instance?: string;
  stream?: StreamFilter;
  level?: Level;
  line?: string | number;
}

const text = (value: unknown) =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
const yes = (value: unknown) => value === true || value === 1 || value === "1" || value === "true";

/** Reads an address; what it does not understand is left out. */
export function readSearch(search: Record<string, unknown>): { query: Query; line: LineRange | undefined } {
  return {
    query: {
      q: text(search.q),
      regex: yes(search.regex),
      case: yes(search.case),
      only: !yes(search.mark),
      process: text(search.process),
      instance: text(search.instance),
      stream: streams.find((one) => one === search.stream) ?? "",
      level: levels.find((one) => one === search.level) ?? "",
    },
    line: readLine(search.line),
  };
}

function readLine(value: unknown): LineRange | undefined {
  const m = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text(value));
  if (!m) return undefined;
  const from = Number(m[1]);
  const to = m[2] === undefined ? from : Number(m[2]);
  return from < 1 || to < 1 ? undefined : { from: Math.min(from, to), to: Math.max(from, to) };
}

/** The address of a query and a line; what is as usual is left out of it. */
export function writeSearch(query: Query, line?: LineRange): LogSearch {
  const out: LogSearch = {};
  if (query.q) out.q = query.q;
  if (query.regex) out.regex = true;
  if (query.case) out.case = true;
  if (!query.only) out.mark = true;
  if (query.process) out.process = query.process;
  if (query.instance) out.instance = query.instance;
  if (query.stream) out.stream = query.stream;
  if (query.level) out.level = query.level;
  if (line) out.line = line.from === line.to ? line.from : `${line.from}-${line.to}`;
  return out;
}

/** Finds where a search occurs in a text: pairs of begin and end, in order. */
export type Finder = (text: string) => [number, number][];

export interface Matcher {
  /** Why the search cannot be understood. */
  error: string;
  /** Why a pattern that can be understood is not searched for. */
  refused: Refusal | undefined;
  /** Whether anything is searched for or filtered by. */
  narrows: boolean;
  searches: boolean;
  /** Whether lines without the search are left out. */
  only: boolean;
  find: Finder;
  /** Whether the filters let a line through; the search is asked separately. */
  passes(line: Line, level: () => Level | undefined): boolean;
  /** Whether the search occurs in a plain text; false without one. */
  hits(plain: string): boolean;
}

const nothing: Finder = () => [];
const mostMarks = 200;
// Up to so many letters the browser's own engine may have a pattern with one repetition.
const shortLine = 2000;

/** Makes a query ready for many lines. A pattern that is not one finds nothing, and error says why. */
export function compile(query: Query): Matcher {
  let error = "";
  let refused: Refusal | undefined;
  let find = nothing;
  let hits: (plain: string) => boolean = () => false;
  if (query.q && query.regex) {
    try {
      const own = new RegExp(query.q, query.case ? "gu" : "giu");
      const linear = new LinearPattern(query.q, !query.case);
      const quick = (plain: string) => linear.tame && plain.length <= shortLine;
      find = (plain) => (quick(plain) ? findPattern(own, plain) : findLinear(linear, plain));
      hits = (plain) => {
        own.lastIndex = 0;
        return quick(plain) ? own.test(plain) : linear.exec(plain, 0, true) !== undefined;
      };
    } catch (e) {
      if (e instanceof Refused) refused = e.why;
      else error = e instanceof Error ? e.message.replace(/^Invalid regular expression: /, "") : String(e);
    }
  } else if (query.q) {
    const wanted = query.case ? query.q : query.q.toLowerCase();
    find = (plain) => findText(query.case ? plain : lowered(plain), wanted);
    hits = (plain) => (query.case ? plain : lowered(plain)).includes(wanted);
  }
  const { process, instance, stream, level: least } = query;
  const searches = query.q !== "" && error === "" && !refused;
  return {
    error,
    refused,
    find,
    hits,
    searches,
    only: query.only,
    narrows: Boolean(process || instance || stream || least || (searches && query.only)),
    passes: (line, level) =>
      (!process || line.process === process) &&
      (!instance || line.instance === instance) &&
      (!stream || inStream(line, stream)) &&
      (!least || atLeast(level(), least)),
  };
}

function inStream(line: Line, stream: StreamFilter): boolean {
  if (stream === "access") return line.source === "router";
  if (stream === "platform") return line.source === "slipway";
  return line.stream === stream;
}

// A few letters grow when they are lowered; places in such a text would not fit the original.
function lowered(plain: string): string {
  const low = plain.toLowerCase();
  return low.length === plain.length ? low : plain.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function findText(plain: string, wanted: string): [number, number][] {
  const found: [number, number][] = [];
  for (let at = plain.indexOf(wanted); at >= 0 && found.length < mostMarks; ) {
    found.push([at, at + wanted.length]);
    at = plain.indexOf(wanted, at + wanted.length);
  }
  return found;
}

function findPattern(pattern: RegExp, plain: string): [number, number][] {
  const found: [number, number][] = [];
  for (const m of plain.matchAll(pattern)) {
    if (m[0] !== "") found.push([m.index, m.index + m[0].length]);
    if (found.length >= mostMarks) break;
  }
  return found;
}

function findLinear(pattern: LinearPattern, plain: string): [number, number][] {
  const found: [number, number][] = [];
  for (let from = 0; from <= plain.length && found.length < mostMarks; ) {
    const [begin, end] = pattern.exec(plain, from) ?? [];
    if (begin === undefined || end === undefined) break;
    if (end > begin) found.push([begin, end]);
    from = end > begin ? end : end + 1;
  }
  return found;
}
