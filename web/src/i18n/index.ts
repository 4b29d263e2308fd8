// Every string that a person reads comes from here. Another language has the
// same keys and parameters; the compiler says what is missing. See language.ts.
import type { en } from "./en";
import { first } from "./en/first";
import type { ParamsOf } from "./translation";

export type Key = keyof typeof en;
type OneKey = Extract<Key, `${string}.one`>;

/** The strings of a language; a form for one thing is only in those that have one. */
export type Catalogue = Record<Exclude<Key, OneKey>, string> & { readonly [K in OneKey]?: string };

export type ParamsFor<K extends Key> = ParamsOf<(typeof en)[K]>;
type Values<K extends Key, V = string | number> = { [P in ParamsFor<K>]: V };
type Args<K extends Key> = [ParamsFor<K>] extends [never] ? [] : [values: Values<K>];

/** Keys of strings without parameters. */
export type PlainKey = { [K in Key]: [ParamsFor<K>] extends [never] ? K : never }[Key];

/** Keys that have a form for each number: "x.one", "x.other". */
export type CountKey = Key extends infer K ? (K extends `${infer Base}.other` ? Base : never) : never;

const english: Partial<Record<Key, string>> = { ...first };
let catalogue: Partial<Record<Key, string>> = english;
let language = "en";

/** The BCP 47 tag of the language shown, for Intl. */
export function currentLanguage(): string {
  return language;
}

/** Puts another language in place, or English back; render anew after it. */
export function setCatalogue(tag: string, strings?: Catalogue): void {
  catalogue = strings ?? english;
  language = tag;
}

let rest: Promise<void> | undefined;

/** Fetches the English that the first page does without; whatever else is shown waits for it. */
export function loadEnglish(): Promise<void> {
  rest ??= import("./en/later").then(
    ({ later }) => void Object.assign(english, later),
    (error) => {
      rest = undefined; // the next try asks again
      throw error;
    },
  );
  return rest;
}

/** The English string of a key, for those who search in English whatever they read. */
export function inEnglish(key: Key): string {
  return english[key] ?? "";
}

function textOf(key: Key): string {
  return catalogue[key] ?? english[key] ?? key;
}

function fill(text: string, values: Record<string, string | number> | undefined): string {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

export function t<K extends Key>(key: K, ...args: Args<K>): string {
  return fill(textOf(key), args[0] as Record<string, string | number> | undefined);
}

/** A number in the language's own form: 12,345; with so many digits after the point, if given. */
export function num(n: number, digits?: number): string {
  const fixed = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(language, digits === undefined ? undefined : fixed).format(n);
}

/** The string for a number of things; {count} is the number in the language's own form. */
export function tn(key: CountKey, count: number): string {
  const form = new Intl.PluralRules(language).select(count);
  const text = catalogue[`${key}.${form}` as Key] ?? textOf(`${key}.other`);
  return fill(text, { count: num(count) });
}

/** The string for a word of the API ("state.queued"), or the word itself when it is a new one. */
export function tWord(group: string, word: string): string {
  const key = `${group}.${word}`;
  return key in catalogue ? textOf(key as Key) : word;
}

/** Splits a string at its parameters, for those that hold elements. */
export function pieces(key: Key): { text?: string; param?: string }[] {
  return textOf(key)
    .split(/(\{\w+\})/)
    .filter((piece) => piece !== "")
    .map((piece) => (/^\{\w+\}$/.test(piece) ? { param: piece.slice(1, -1) } : { text: piece }));
}
