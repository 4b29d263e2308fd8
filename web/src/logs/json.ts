import { stripAnsi } from "./ansi";
import { type Level, levelKeys, levelOfObject, parseObject } from "./level";

/** A JSON line, as it is shown in one row. */
export interface JsonLine {
  value: Record<string, unknown>;
  level: Level | undefined;
  message: string;
  /** The other fields, in their order, each with its value in few characters. */
  rest: [key: string, value: string][];
}

const messageKeys = ["msg", "message", "@m", "@mt", "body", "event", "text"];
const timeKeys = new Set(["time", "ts", "timestamp", "@timestamp", "@t", "date", "datetime"]);
const longest = 20_000;
const shown = 24;

/** Reads a line that is one JSON object with at least one field; undefined for any other. */
export function readJsonLine(text: string): JsonLine | undefined {
  if (text.length > longest || !text.trimStart().startsWith("{")) return undefined;
  const value = parseObject(stripAnsi(text));
  if (!value || Object.keys(value).length === 0) return undefined;
  const messageKey = messageKeys.find((key) => typeof value[key] === "string" && value[key] !== "");
  const level = levelOfObject(value);
  const rest: [string, string][] = [];
  for (const [key, field] of Object.entries(value)) {
    if (key === messageKey || timeKeys.has(key) || (level && levelKeys.includes(key))) continue;
    if (rest.length === shown) {
      rest.push(["…", ""]);
      break;
    }
    rest.push([key, short(field)]);
  }
  return { value, level, message: messageKey ? oneLine(String(value[messageKey])) : "", rest };
}

/** The summary as plain text: what is seen in the row. */
export function summaryOf(json: JsonLine): string {
  return [json.level, json.message, ...json.rest.map(([key, value]) => (value ? `${key}=${value}` : key))]
    .filter(Boolean)
    .join(" ");
}

/** One token of pretty-printed JSON. */
export type Token = { kind: "key" | "string" | "number" | "word" | "sign"; text: string };

const tokens = /"(?:\\.|[^"\\])*"(\s*:)?|-?\d[\d.eE+-]*|true|false|null|[{}[\],]|\s+/g;

/** Lays a value out over lines, each cut into tokens to colour. Long ones end with a sign. */
export function pretty(value: unknown, most = 1000): Token[][] {
  const lines = JSON.stringify(value, null, 2).split("\n");
  const out = lines.slice(0, most).map((line) => {
    const found: Token[] = [];
    for (const m of line.matchAll(tokens)) {
      if (m[1] !== undefined) {
        found.push({ kind: "key", text: m[0].slice(0, -m[1].length) }, { kind: "sign", text: m[1] });
      } else found.push({ kind: kindOf(m[0]), text: m[0] });
    }
    return found;
  });
  if (lines.length > most) out.push([{ kind: "sign", text: "…" }]);
  return out;
}

function kindOf(text: string): Token["kind"] {
  if (text.startsWith('"')) return "string";
  if (/^-?\d/.test(text)) return "number";
  return /^[a-z]/.test(text) ? "word" : "sign";
}

function short(value: unknown): string {
  if (typeof value === "string") {
    const line = oneLine(value);
    return line === "" || /[\s="]/.test(line) ? JSON.stringify(line) : line;
  }
  const text = JSON.stringify(value) ?? "";
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

const oneLine = (text: string) =>
  (text.length > 2000 ? `${text.slice(0, 2000)}…` : text).replace(/[\x00-\x1f\x7f-\x9f]+/g, " ");
