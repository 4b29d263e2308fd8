// @vitest-environment node
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Line } from "@/api/types";
import { Marks } from "./marks";

const second = (s: number) => new Date(Date.UTC(2026, 0, 2, 3, 4, s)).toISOString();
const say = (s: number, text: string, more: Partial<Line> = {}): Line => ({
  seq: s,
  time: second(s),
  source: "slipway",
  text,
  ...more,
});
const read = (...lines: Line[]) => {
  const marks = new Marks();
  for (const line of lines) marks.take(line);
  return marks;
};

describe("Marks", () => {
  it("tells when all processes were healthy, and when the traffic was switched", () => {
    const begun = [
      say(1, "deploying", { state: "deploying" }),
      say(2, "starting 2 instances of web"),
      say(2, "starting 1 instance of worker"),
      say(4, "web is healthy after 2.0 s"),
    ];
    expect(read(...begun).started).toEqual(
      new Map([
        ["web", 2],
        ["worker", 1],
      ]),
    );
    expect(read(...begun).allHealthyAt).toBeUndefined();
    const marks = read(...begun, say(9, "worker is healthy after 7.0 s"), say(10, "traffic switched to v3"));
    expect(marks.allHealthyAt).toBe(Date.parse(second(9)));
    expect(marks.switchedAt).toBe(Date.parse(second(10)));
  });

  it("begins anew when another server takes the deployment over", () => {
    const marks = read(
      say(1, "deploying", { state: "deploying" }),
      say(2, "starting 1 instance of web"),
      say(3, "web is healthy after 1.0 s"),
      say(9, "deploying", { state: "deploying" }),
    );
    expect(marks.started.size).toBe(0);
    expect(marks.healthyAt.size).toBe(0);
  });

  it("waits for a build slot until the build begins", () => {
    const waiting = [say(1, "Waiting for a free build slot: 2 builds are running")];
    expect(read(...waiting).waitsForSlot).toBe(true);
    const step = say(2, "FROM", { source: "build", step: { id: "a", name: "FROM", status: "running" } });
    expect(read(...waiting, step).waitsForSlot).toBe(false);
  });

  it("keeps the last words of the instance that failed, and of no other", () => {
    const app = { source: "app", instance: "hello.web.v3.2" };
    const marks = read(
      say(1, "said before", app),
      say(2, "The last lines of hello.web.v3.2:"),
      say(3, "cannot open the file", app),
      say(4, "another's", { source: "app", instance: "hello.web.v3.1" }),
    );
    expect(marks.failedInstance).toBe("hello.web.v3.2");
    expect(marks.lastWords.map((line) => line.text)).toEqual(["cannot open the file"]);
  });

  it("does not take what an app prints for what Slipway says", () => {
    const marks = read(say(1, "traffic switched to v3", { source: "app" }));
    expect(marks.switchedAt).toBeUndefined();
  });

  it("knows the size of the image", () => {
    expect(read(say(1, "Image 347b4fe63933, 8.4 MB")).imageBytes).toBe(8_400_000);
  });
});

// Each sentence that is understood here is one that the server says.
it("understands the words that the server uses", () => {
  const root = join(import.meta.dirname, "../../..");
  const source = (path: string) => readFileSync(join(root, path), "utf8");
  const rollout = source("deployer/rollout.go");
  for (const words of [
    'say("starting %s of %s", count(',
    'return "1 instance"',
    '"%d instances"',
    '"%s is healthy after %s"',
    '"traffic switched to v%d"',
  ]) {
    expect(rollout).toContain(words);
  }
  const build = source("server/pipeline/build.go");
  expect(source("server/pipeline/slot.go")).toContain('"Waiting for a free build slot');
  expect(build).toContain('"Image %s, %.1f MB"');
  expect(source("server/pipeline/journal.go")).toContain('"The last lines of %s:"');
});
