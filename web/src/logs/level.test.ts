import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { atLeast, detectLevel, type Level, levelOf, levelOfLine, levels } from "./level";

describe("detectLevel", () => {
  it.each<[string, Level | undefined]>([
    ['{"level":"error","msg":"boom"}', "error"],
    ['{"time":"2026-01-02","severity":"WARNING","message":"x"}', "warn"],
    ['{"level":50,"msg":"a number, by tens"}', "error"],
    ['{"level":"30"}', "info"],
    ['{"levelname":"CRITICAL"}', "fatal"],
    ['{"log":{"level":"debug"}}', "debug"],
    ['{"log.level":"trace"}', "trace"],
    ['{"level":null,"severity":"notice"}', "info"],
    ['{"level":{"is":"odd"}}', undefined],
    ['{"msg":"an error in words"}', undefined],
    ['{"level":"error", unfinished', undefined],
    ["level=warn msg=x", "warn"],
    ['time=12:00 lvl="error" msg=x', "error"],
    ["msg=x severity=DEBUG", "debug"],
    ["[ERROR] x", "error"],
    ["[ warn ] x", "warn"],
    ["<info> x", "info"],
    ["2026-01-02 03:04:05,678 ERROR [main] x", "error"],
    ["2026-01-02T03:04:05.678Z  WARN a::b: x", "warn"],
    ["[2026-01-02 03:04:05] production.ERROR: x", undefined],
    ["[12:00:01] [worker-3] INFO x", "info"],
    ["ERROR: x", "error"],
    ["warning: unused variable", "warn"],
    ["error[E0425]: cannot find", undefined],
    ["Error: connect ECONNREFUSED", "error"],
    ["TypeError: x is not a function", "error"],
    ["java.lang.IllegalStateException: x", "error"],
    ["Traceback (most recent call last):", "error"],
    ["npm ERR! code ELIFECYCLE", "error"],
    ["panic: runtime error", "fatal"],
    ["I0102 03:04:05.678 1 main.go:1] x", "info"],
    ["E0102 03:04:05.678 1 main.go:1] x", "error"],
    ["\x1b[31mERROR\x1b[0m x", "error"],
    ["\x1b[33m[warn]\x1b[0m x", "warn"],
    ["information desk is open", undefined],
    ["no errors found", undefined],
    ["found 3 warnings", undefined],
    ["Note that this is talk", undefined],
    ["Errors are handled", undefined],
    ["listening on :8080", undefined],
    ["", undefined],
  ])("%s", (text, level) => expect(detectLevel(text)).toBe(level));

  const word = fc.constantFrom<[string, Level]>(
    ["debug", "debug"],
    ["info", "info"],
    ["warn", "warn"],
    ["warning", "warn"],
    ["error", "error"],
    ["fatal", "fatal"],
  );
  // Words that say nothing of a level.
  const talk = fc.stringMatching(/^[g-m ]{0,30}$/);

  it("finds a level in whatever form a logger writes it", () => {
    const form = fc.constantFrom<(word: string, talk: string) => string>(
      (w, s) => JSON.stringify({ msg: s, level: w }),
      (w, s) => JSON.stringify({ severity: w.toUpperCase(), message: s }),
      (w, s) => `level=${w} msg="${s}"`,
      (w, s) => `[${w.toUpperCase()}] ${s}`,
      (w, s) => `${w.toUpperCase()} ${s}`,
      (w, s) => `2026-01-02T03:04:05Z ${w.toUpperCase()} ${s}`,
      (w, s) => `${w}: ${s}`,
      (w, s) => `\x1b[35m${w.toUpperCase()}\x1b[0m ${s}`,
    );
    fc.assert(
      fc.property(word, form, talk, ([w, level], write, s) => {
        expect(detectLevel(write(w, s))).toBe(level);
      }),
    );
  });

  it("never throws, knows only its own levels, and is not led astray by colours", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        const level = detectLevel(text);
        if (level !== undefined) expect(levels).toContain(level);
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{0,80}$/), (text) => {
        expect(detectLevel(`\x1b[1;31m${text}\x1b[0m`)).toBe(detectLevel(text));
      }),
      { numRuns: 1000 },
    );
  });

  it("takes no longer for a line made to be slow", () => {
    const started = performance.now();
    for (const evil of ["[", "1 ", "a.", "{", "level=", "[a] ", " "]) detectLevel(evil.repeat(8000));
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe("levelOfLine", () => {
  const line = (source: string, text: string) =>
    levelOfLine({ seq: 1, time: "2026-01-02T03:04:05Z", source, text });
  it("takes an access line's level from its status", () => {
    expect(line("router", "GET hello.localhost/ 200 10.6ms 20B from 127.0.0.1")).toBe("info");
    expect(line("router", "GET hello.localhost/error 404 1ms 20B from 127.0.0.1")).toBe("warn");
    expect(line("router", "POST hello.localhost/ 503 1ms 20B from 127.0.0.1")).toBe("error");
    expect(line("app", "GET hello.localhost/ 503 1ms")).toBeUndefined();
  });
});

describe("atLeast", () => {
  it("orders levels, and lets nothing through that has none", () => {
    expect(atLeast("fatal", "error")).toBe(true);
    expect(atLeast("warn", "error")).toBe(false);
    expect(atLeast(undefined, "trace")).toBe(false);
    fc.assert(
      fc.property(fc.constantFrom(...levels), fc.constantFrom(...levels), (a, b) => {
        expect(atLeast(a, b) || atLeast(b, a)).toBe(true);
        expect(levelOf(a.toUpperCase())).toBe(a);
      }),
    );
  });
});
