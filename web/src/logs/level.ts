import type { Line } from "@/api/types";
import { stripAnsi } from "./ansi";

/** How grave a line is, the least first. */
export const levels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type Level = (typeof levels)[number];

const words: Record<Level, readonly string[]> = {
  trace: ["trace", "trc", "verbose", "finest", "finer", "silly"],
  debug: ["debug", "dbg", "debu", "fine"],
  info: ["info", "inf", "information", "informational", "notice", "note"],
  warn: ["warn", "wrn", "warning"],
  error: ["error", "err", "eror", "severe", "failure"],
  fatal: ["fatal", "ftl", "critical", "crit", "panic", "alert", "emerg", "emergency", "dpanic"],
};

const byWord = new Map<string, Level>(
  levels.flatMap((level) => words[level].map((word): [string, Level] => [word, level])),
);
const anyWord = [...byWord.keys()].sort((a, b) => b.length - a.length).join("|");

// What loggers call the field, and what they write where it is a number.
export const levelKeys: readonly string[] = [
  "level",
  "severity",
  "lvl",
  "levelname",
  "loglevel",
  "log_level",
  "log.level",
  "logLevel",
  "severity_text",
  "severityText",
  "@l",
];

/** Gives the level that a word or a number of a logger stands for. */
export function levelOf(value: unknown): Level | undefined {
  if (typeof value === "string") {
    const word = value.trim().toLowerCase();
    return byWord.get(word) ?? (/^\d{1,2}$/.test(word) ? levelOf(Number(word)) : undefined);
  }
  if (typeof value !== "number" || value < 10 || value > 60) return undefined;
  // Tens from 10 (trace) to 60 (fatal), as some loggers count.
  return levels[Math.min(5, Math.floor(value / 10) - 1)];
}

/** Gives the level that a JSON object names in one of its fields. */
export function levelOfObject(object: Record<string, unknown>): Level | undefined {
  for (const key of levelKeys) {
    if (!Object.hasOwn(object, key)) continue;
    const level = levelOf(object[key]);
    if (level) return level;
  }
  const log = object.log;
  if (typeof log === "object" && log !== null && "level" in log) return levelOf(log.level);
  return undefined;
}

// A level stands near the beginning of a line; further on it is talk.
const head = 160;
const logfmt = new RegExp(
  `(?:^|[\\s,{])(?:level|lvl|severity|loglevel|log_level)\\s?[=:]\\s?"?(${anyWord})\\b`,
  "i",
);
const bracketed = new RegExp(`[[<(|]\\s{0,2}(${anyWord})\\s{0,2}[\\]>)|]`, "i");
// What may stand before the word: digits and signs of a time, and names in brackets.
// No two of its ways begin alike, so that nothing is tried twice.
const before = "(?:[\\dTZ:.,+/\\s-]|\\[[^\\]\\s]{0,40}\\]){0,48}?";
const leadingLoud = new RegExp(`^${before}\\b(${anyWord.toUpperCase()})\\b(?!['’-])`);
const leading = new RegExp(`^${before}\\b(${anyWord})\\s?[:!|]`, "i");
const klog = /^([IWEF])\d{4}\s/;
const klogLevels: Record<string, Level> = { I: "info", W: "warn", E: "error", F: "fatal" };
const thrown =
  /^(?:(?:Uncaught |Unhandled )?(?:[\w$.]{0,80}(?:Error|Exception)\b(?=[:\s(]|$))|Traceback \(most recent|npm ERR!)/;
const status = /^[A-Z]{1,20} \S{1,2000} (\d{3}) /;

/**
 * Finds how grave a line of text is: by a field of JSON or logfmt, a word in
 * brackets, or the word that it begins with. Undefined where nothing says so.
 */
export function detectLevel(text: string): Level | undefined {
  const plain = stripAnsi(text.length > 16_384 ? text.slice(0, 16_384) : text);
  const start = plain.trimStart();
  if (start.startsWith("{")) {
    const object = parseObject(start);
    if (object) return levelOfObject(object);
  }
  const first = start.slice(0, head);
  const klogged = klog.exec(first);
  if (klogged?.[1]) return klogLevels[klogged[1]];
  if (thrown.test(first)) return "error";
  const found =
    leadingLoud.exec(first)?.[1] ??
    leading.exec(first)?.[1] ??
    bracketed.exec(first)?.[1] ??
    logfmt.exec(start.slice(0, 512))?.[1];
  return found ? byWord.get(found.toLowerCase()) : undefined;
}

/** The level of a line of the log: an access line has that of its status. */
export function levelOfLine(line: Line): Level | undefined {
  if (line.source !== "router") return line.step?.status === "failed" ? "error" : detectLevel(line.text);
  const code = status.exec(line.text)?.[1];
  if (!code) return detectLevel(line.text);
  return code >= "500" ? "error" : code >= "400" ? "warn" : "info";
}

/** Says whether a level is at least as grave as another. */
export function atLeast(level: Level | undefined, least: Level): boolean {
  return level !== undefined && levels.indexOf(level) >= levels.indexOf(least);
}

/** Reads a JSON object; undefined for anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{") || !trimmed.endsWith("}")) return undefined;
  try {
    const value: unknown = JSON.parse(trimmed);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
