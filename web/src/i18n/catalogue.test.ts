// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { en } from "./en";
import { t, tn, tWord } from "./index";

const root = new URL("..", import.meta.url).pathname;
const sources = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
  (path) => /\.tsx?$/.test(path) && !/\.test\.|^test\/|schema\.d\.ts$|i18n\/(en|zh)\//.test(path),
);
const source = new Map(sources.map((path) => [path, readFileSync(join(root, path), "utf8")]));

describe("the catalogue", () => {
  it("fills in names and counts", () => {
    expect(t("restart.title", { app: "hello" })).toBe("Restart hello?");
    expect(tn("apps.count", 1)).toBe("1 app");
    expect(tn("apps.count", 1200)).toBe("1,200 apps");
    expect(tWord("state", "queued")).toBe("Queued");
    expect(tWord("state", "a-new-one")).toBe("a-new-one");
  });

  it("has no string that nothing shows", () => {
    const all = [...source.values()].join("\n");
    // Groups that are looked up by a word of the API.
    const groups = new Set(Array.from(all.matchAll(/tWord\("([\w.]+)"/g), (m) => m[1]));
    groups.add("scope");
    const unused = Object.keys(en).filter((key) => {
      const base = key.replace(/\.(one|other)$/, "");
      const group = [...groups].some((name) => key.startsWith(`${name}.`));
      return !group && !all.includes(`"${key}"`) && !all.includes(`"${base}"`);
    });
    expect(unused).toEqual([]);
  });

  it("holds every word that stands between tags or is read aloud", () => {
    const strays: string[] = [];
    for (const [path, text] of source) {
      if (!path.endsWith(".tsx")) continue;
      const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      for (const m of code.matchAll(/>\s*([A-Z][a-z]+(?: [\w’',.]+)*)\s*<\//g))
        strays.push(`${path}: ${m[1]}`);
      for (const m of code.matchAll(/\b(?:aria-label|title|alt|label|hint)="([^"]*[a-z]{3}[^"]*)"/g)) {
        strays.push(`${path}: ${m[1]}`);
      }
    }
    // The product's own name is the same in every language.
    expect(strays.filter((stray) => !stray.endsWith(": Slipway"))).toEqual([]);
  });
});
