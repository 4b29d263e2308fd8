import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDotenv } from "./dotenv";

const vars = (text: string) =>
  Object.fromEntries(parseDotenv(text).vars.map(({ key, value }) => [key, value]));

describe("parseDotenv", () => {
  it("reads what .env files hold", () => {
    const text = [
      "# a comment",
      "",
      "PLAIN=one",
      "export EXPORTED=two",
      "SPACED = three # with a comment",
      "URL=postgres://u:p#w@h/db",
      'DOUBLE="a\\nb \\"c\\" \\\\"',
      "SINGLE='a\\nb'",
      "EMPTY=",
      'LINES="first',
      'second"',
      "PLAIN=last wins",
    ].join("\r\n");
    expect(vars(text)).toEqual({
      PLAIN: "last wins",
      EXPORTED: "two",
      SPACED: "three",
      URL: "postgres://u:p#w@h/db",
      DOUBLE: 'a\nb "c" \\',
      SINGLE: "a\\nb",
      EMPTY: "",
      LINES: "first\nsecond",
    });
  });

  it("names the lines that it does not understand, and reads on", () => {
    expect(parseDotenv("A=1\nnonsense\n2B=3\nC=4")).toEqual({
      vars: [
        { key: "A", value: "1" },
        { key: "C", value: "4" },
      ],
      bad: [2, 3],
    });
    expect(parseDotenv('A="open\nB=2')).toEqual({ vars: [{ key: "B", value: "2" }], bad: [1] });
  });

  it("never throws, and gives each name once", () => {
    const part = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom("A=", "B=", '"', "'", "\n", "#", "\\", "export "),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const { vars: got } = parseDotenv(parts.join(""));
        expect(new Set(got.map(({ key }) => key)).size).toBe(got.length);
        for (const { key } of got) expect(key).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
      }),
    );
  });

  it("gives back any value that was quoted", () => {
    const value = fc.string({ unit: "binary", maxLength: 30 }).map((s) => s.replace(/\r/g, ""));
    fc.assert(
      fc.property(value, (text) => {
        const quoted = text.replace(/[\\"]/g, (c) => `\\${c}`);
        expect(vars(`KEY="${quoted}"`)).toEqual({ KEY: text });
      }),
    );
  });
});
