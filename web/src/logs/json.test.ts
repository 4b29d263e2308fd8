import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pretty, readJsonLine, summaryOf } from "./json";

const shown = (text: string) => {
  const json = readJsonLine(text);
  return json && summaryOf(json);
};

describe("readJsonLine", () => {
  it.each<[string, string | undefined]>([
    ['{"time":"12:00","level":"info","msg":"job done","job":7}', "info job done job=7"],
    ['{"severity":"ERROR","message":"no","user":{"id":1}}', 'error no user={"id":1}'],
    ['{"msg":"two\\nlines","path":"a b","empty":""}', 'two lines path="a b" empty=""'],
    ['{"level":"odd","a":null,"b":true}', "level=odd a=null b=true"],
    ['  {"a":12345678901234567890} ', "a=12345678901234567890"],
    ['\x1b[32m{"a":1}\x1b[0m', "a=1"],
    ["{}", undefined],
    ["[1]", undefined],
    ['{"a":', undefined],
    ["plain", undefined],
  ])("%s", (text, summary) => expect(shown(text)).toBe(summary));

  it("leaves out what is too much, and says so", () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, i]));
    expect(shown(JSON.stringify(many))).toMatch(/k23=23 …$/);
  });

  it("never throws, and summaries stay on one line", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const summary = shown(JSON.stringify(object));
        if (Object.keys(object).length === 0) expect(summary).toBeUndefined();
        else expect(summary).not.toMatch(/[\n\r]/);
      }),
    );
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void readJsonLine(`{${text}}`)));
  });
});

describe("pretty", () => {
  it("says the same as what was written, whatever it is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = pretty(JSON.stringify(value))
          .map((line) => line.map((token) => token.text).join(""))
          .join("\n");
        expect(text).toBe(JSON.stringify(value, null, 2));
      }),
    );
  });

  it("keeps every digit, and stops somewhere", () => {
    expect(pretty('{"id":12345678901234567890}')[1]?.map((token) => token.text)).toEqual([
      "  ",
      '"id"',
      ": ",
      "12345678901234567890",
    ]);
    expect(pretty(JSON.stringify(Array.from({ length: 5000 }, () => 1)))).toHaveLength(1001);
  });
});
