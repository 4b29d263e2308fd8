export interface ParsedEnv {
  vars: { key: string; value: string }[];
  /** Lines that are neither a variable, a comment nor empty, counted from 1. */
  bad: number[];
}

const assignment = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*/;

function unescaped(text: string): string {
  return text.replace(/\\([nrt"\\$])/g, (_, c: string) => ({ n: "\n", r: "\r", t: "\t" })[c] ?? c);
}

/**
 * Reads what stands in a .env file: KEY=value, export KEY=value, quotes, values
 * over several lines within quotes, comments. The last of two equal keys wins.
 */
export function parseDotenv(text: string): ParsedEnv {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  const vars = new Map<string, string>();
  const bad: number[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    if (/^\s*(#|$)/.test(line)) continue;
    const start = assignment.exec(line);
    if (!start?.[1]) {
      bad.push(i + 1);
      continue;
    }
    let rest = line.slice(start[0].length);
    const mark = rest[0];
    let value: string;
    if (mark === '"' || mark === "'") {
      const first = i;
      let end = closing(rest, mark);
      while (end < 0 && i + 1 < lines.length) {
        i++;
        rest += `\n${lines[i]}`;
        end = closing(rest, mark);
      }
      if (end < 0) {
        bad.push(first + 1);
        i = first;
        continue;
      }
      const inner = rest.slice(1, end);
      value = mark === '"' ? unescaped(inner) : inner;
    } else {
      value = rest.replace(/\s+#.*$/, "").trim();
    }
    vars.delete(start[1]);
    vars.set(start[1], value);
  }
  return { vars: Array.from(vars, ([key, value]) => ({ key, value })), bad };
}

function closing(text: string, mark: string): number {
  for (let i = 1; i < text.length; i++) {
    if (mark === '"' && text[i] === "\\") i++;
    else if (text[i] === mark) return i;
  }
  return -1;
}
