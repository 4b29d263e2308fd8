import { stripAnsi } from "./ansi";
import { type Level, levelKeys, levelOfObject, parseObject } from "./level";

/** A JSON line, as it is shown in one row. */
export interface JsonLine {
  /** As it was written, without colours. */
  text: string;
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
  if (text.length > longest || !text.includes("{")) return undefined;
  const plain = stripAnsi(text);
  const value = parseObject(plain);
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
    rest.push([key, exact(plain, key, field) ?? short(field)]);
  }
  return { text: plain, level, message: messageKey ? oneLine(String(value[messageKey])) : "", rest };
}

/** The summary as plain text: what is seen in the row. */
export function summaryOf(json: JsonLine): string {
  return [json.level, json.message, ...json.rest.map(([key, value]) => (value ? `${key}=${value}` : key))]
    .filter(Boolean)
    .join(" ");
}

/** One token of pretty-printed JSON. */
export type Token = { kind: "key" | "string" | "number" | "word" | "sign"; text: string };

const tokens = /"(?:\\.|[^"\\])*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/g;

/**
 * Lays JSON out over lines, each cut into tokens to colour. It works on the text
 * as it was written, so that long numbers keep all their digits. Beyond most
 * lines it ends with a sign.
 */
export function pretty(json: string, most = 1000): Token[][] {
  const out: Token[][] = [];
  let line: Token[] = [];
  let depth = 0;
  const turn = () => {
    out.push(line);
    line = depth > 0 ? [{ kind: "sign", text: "  ".repeat(depth) }] : [];
  };
  const all = json.match(tokens) ?? [];
  for (let i = 0; i < all.length && out.length < most; i++) {
    const text = all[i] as string;
    const next = all[i + 1];
    if (text === "{" || text === "[") {
      const closes = next === (text === "{" ? "}" : "]");
      line.push({ kind: "sign", text: closes ? text + next : text });
      if (closes) i++;
      else {
        depth++;
        turn();
      }
    } else if (text === "}" || text === "]") {
      depth--;
      turn();
      line.push({ kind: "sign", text });
    } else if (text === ",") {
      line.push({ kind: "sign", text });
      turn();
    } else if (text === ":") line.push({ kind: "sign", text: ": " });
    else line.push({ kind: next === ":" ? "key" : kindOf(text), text });
  }
  out.push(out.length < most ? line : [{ kind: "sign", text: "…" }]);
  return out;
}

function kindOf(text: string): Token["kind"] {
  if (text.startsWith('"')) return "string";
  if (/^-?\d/.test(text)) return "number";
  return /^[a-z]/.test(text) ? "word" : "sign";
}

/** A number with more digits than JavaScript's can hold, as it was written. */
function exact(text: string, key: string, value: unknown): string | undefined {
  if (typeof value !== "number" || Math.abs(value) <= Number.MAX_SAFE_INTEGER) return undefined;
  const at = text.indexOf(`${JSON.stringify(key)}:`);
  return at < 0
    ? undefined
    : /^\s*(-?\d[\d.eE+-]*)/.exec(text.slice(at + JSON.stringify(key).length + 1))?.[1];
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
