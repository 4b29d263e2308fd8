import { afterEach, describe, expect, it } from "vitest";
import type { Line } from "@/api/types";
import { copiedText } from "./copied";
import { downloadUrl, shownAsFile } from "./download";
import { LogModel } from "./model";
import { noQuery } from "./query";

const line = (seq: number, text: string, part: Partial<Line> = {}): Line => ({
  seq,
  time: "2026-01-02T03:04:05Z",
  source: "app",
  instance: "hello.web.v1.1",
  text,
  ...part,
});

const textOf = (file: Blob) =>
  new Promise<string>((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.readAsText(file);
  });

describe("a log as a file", () => {
  const model = new LogModel();
  model.addLines([line(1, "\x1b[31mERROR\x1b[0m boom"), line(2, "fine", { instance: undefined })]);
  model.addGap({ from: 3, to: 9, reason: "slow" });
  model.addLines([line(10, "WARN hot")]);

  it("is plain text, or JSON lines with the level, and tells of what is missing", async () => {
    expect(await textOf(shownAsFile(model, "text"))).toBe(
      [
        "2026-01-02T03:04:05Z hello.web.v1.1 ERROR boom",
        "2026-01-02T03:04:05Z app fine",
        "--- 7 lines missing (slow) ---",
        "2026-01-02T03:04:05Z hello.web.v1.1 WARN hot",
        "",
      ].join("\n"),
    );
    const lines = (await textOf(shownAsFile(model, "jsonl"))).trimEnd().split("\n");
    expect(lines.map((one) => JSON.parse(one))).toMatchObject([
      { seq: 1, level: "error", text: "\x1b[31mERROR\x1b[0m boom" },
      { seq: 2 },
      { gap: { from: 3, to: 9 } },
      { seq: 10, level: "warn" },
    ]);
  });

  it("is asked of the server with the filters that it knows", () => {
    const query = { ...noQuery, process: "web", stream: "stderr" as const, level: "warn" as const };
    expect(downloadUrl("/api/v1/apps/hello/logs", query, "jsonl")).toBe(
      "/api/v1/apps/hello/logs/download?format=jsonl&process=web&stream=stderr",
    );
    expect(downloadUrl("/l", { ...noQuery, stream: "access" }, "text")).toBe("/l/download?format=text");
  });
});

describe("a selection", () => {
  const model = new LogModel();
  model.addLines([line(1, '{"msg":"one"}'), line(2, "\x1b[1mtwo\x1b[0m"), line(3, "three")]);
  const block = document.createElement("div");
  for (const [seq, shown] of [
    [1, "one"],
    [2, "two"],
    [3, "three"],
  ]) {
    const row = document.createElement("div");
    row.dataset.order = String(seq);
    row.innerHTML = `<a>03:04:05</a><span data-text>${shown}</span>`;
    block.append(row);
  }
  const text = (n: number) => block.querySelectorAll("[data-text]")[n]?.firstChild as Text;
  const select = (from: Node, a: number, to: Node, b: number) =>
    document.getSelection()?.setBaseAndExtent(from, a, to, b);
  afterEach(() => document.getSelection()?.removeAllRanges());

  it("is copied as the lines were written, without what stands beside them", () => {
    document.body.append(block);
    select(block, 0, block, 3);
    expect(copiedText(block, model)).toBe('{"msg":"one"}\ntwo\nthree');
    select(text(1), 1, text(2), 2);
    expect(copiedText(block, model)).toBe("wo\nth");
    select(text(1), 0, text(1), 2);
    expect(copiedText(block, model)).toBeUndefined();
  });
});
