// The words of the dashboard, from its own catalogues: a story that looks for a
// button asks for its key, and so works in every language.
import { readdirSync, readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";

const root = new URL("../../web/src/i18n/", import.meta.url);
// These only put the others together, or belong to one page alone.
const gathered = new Set(["index.ts", "first.ts", "later.ts", "design.ts"]);

function read(language) {
  const words = {};
  const folder = new URL(`${language}/`, root);
  for (const file of readdirSync(folder)) {
    if (gathered.has(file) || !file.endsWith(".ts")) continue;
    const text = readFileSync(new URL(file, folder), "utf8");
    const literal = /export const \w+ = [^{]*(\{[\s\S]*\})/.exec(text)?.[1];
    if (!literal) throw new Error(`${language}/${file} was not understood`);
    Object.assign(words, runInNewContext(`(${literal})`));
  }
  if (Object.keys(words).length < 200)
    throw new Error(`only ${Object.keys(words).length} words of ${language}`);
  return words;
}

export const catalogues = { "en-US": read("en"), "zh-CN": read("zh") };

/** Gives what finds the words of a key in a locale, with its {names} filled in. */
export function speak(locale) {
  const words = catalogues[locale];
  return (key, values = {}) => {
    const text = words[key] ?? words[`${key}.other`];
    if (text === undefined) throw new Error(`the catalogue has no ${key}`);
    return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  };
}
