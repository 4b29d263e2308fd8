import { describe, expect, it } from "vitest";
import { safeNext } from "@/router";
import { cli, quote } from "./command";
import { ago, duration } from "./time";
import { browserWords } from "./useragent";

describe("commands", () => {
  it("quotes what a shell would take apart", () => {
    expect(quote("plain-1.2/x:y=z")).toBe("plain-1.2/x:y=z");
    expect(quote("two words")).toBe("'two words'");
    expect(quote("it's $HOME")).toBe("'it'\\''s $HOME'");
    expect(quote("")).toBe("''");
    expect(cli("config set", "hello", "A=b c")).toBe("slipway config set 'A=b c' -a hello");
  });
});

describe("times", () => {
  it("says durations in few characters", () => {
    expect([0, 850, 4250, 59_999, 61_000, 3_600_000, 7_440_000, -5].map(duration)).toEqual([
      "0 ms",
      "850 ms",
      "4.2 s",
      "59 s",
      "1 m 01 s",
      "1 h 00 m",
      "2 h 04 m",
      "0 ms",
    ]);
  });

  it("says how long ago", () => {
    const now = Date.UTC(2026, 5, 15, 12);
    expect(ago(now - 3000, now)).toBe("just now");
    expect(ago(now - 5 * 60_000, now)).toBe("5 min. ago");
    expect(ago(now - 26 * 3600_000, now)).toBe("yesterday");
    expect(ago(now - 90 * 86400_000, now)).toBe("Mar 17, 2026");
  });
});

describe("where to go after signing in", () => {
  it("is never another host", () => {
    expect(safeNext("/apps/hello?x=1")).toBe("/apps/hello?x=1");
    for (const bad of [
      "//evil.example",
      "/\\evil.example",
      "https://evil.example",
      "javascript:alert(1)",
      "",
      7,
    ]) {
      expect(safeNext(bad)).toBeUndefined();
    }
  });
});

describe("browserWords", () => {
  it("names browsers as people do", () => {
    expect(
      browserWords("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"),
    ).toBe("Chrome on Linux");
    expect(browserWords("curl/8.5")).toBe("curl");
    expect(browserWords("")).toBe("Unknown browser");
  });
});
