import { type LogModel, levelOfRow, plainOf } from "./model";
import type { Query } from "./query";

export type Format = "text" | "jsonl";

/** The address of a log as a file, with those filters that the server knows. */
export function downloadUrl(path: string, query: Query, format: Format): string {
  const url = new URL(`${path}/download`, location.origin);
  url.searchParams.set("format", format);
  if (query.process) url.searchParams.set("process", query.process);
  if (query.instance) url.searchParams.set("instance", query.instance);
  if (query.stream === "stdout" || query.stream === "stderr") url.searchParams.set("stream", query.stream);
  return url.pathname + url.search;
}

/** What the view shows now, as a file: every line that the filters and the search let through. */
export function shownAsFile(model: LogModel, format: Format): Blob {
  const parts: string[] = [];
  for (const row of model.view.slice(0, model.view.length)) {
    if (row.kind === "gap") {
      const { from, to, reason } = row.gap;
      parts.push(
        format === "jsonl"
          ? JSON.stringify({ gap: row.gap })
          : `--- ${to - from + 1} lines missing (${reason}) ---`,
      );
    } else if (row.kind === "line") {
      const { time, process, instance, source } = row.line;
      parts.push(
        format === "jsonl"
          ? JSON.stringify({ ...row.line, level: levelOfRow(row) })
          : `${time} ${instance ?? process ?? source} ${plainOf(row)}`,
      );
    }
  }
  const type = format === "jsonl" ? "application/jsonl" : "text/plain;charset=utf-8";
  return new Blob([parts.map((part) => `${part}\n`).join("")], { type });
}

/** Hands a file to the reader. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
