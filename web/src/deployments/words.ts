import type { Deployment } from "@/api/types";
import { currentLanguage, num, t, tWord } from "@/i18n";

/** What a deployment is of, in a few words: the commit's, the image's, or its cause. */
export function deploymentWords(d: Deployment): string {
  const said = d.commit_message.split("\n")[0] ?? "";
  const back = d.from_release || d.release;
  if ((d.trigger === "rollback" || d.trigger === "return") && back > 0) {
    return t("deployment.back_to", { v: back });
  }
  if (said) return said;
  if (d.image) return d.image;
  return tWord("trigger", d.trigger);
}

/** Who asked for it; Slipway for what it did by itself. */
export function askedBy({ created_by }: { created_by: string }): string {
  return created_by || "Slipway";
}

/** A branch or tag as people name it. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/(heads|tags)\//, "");
}

const ordinals = {
  zero: "ordinal.other",
  one: "ordinal.one",
  two: "ordinal.two",
  few: "ordinal.few",
  many: "ordinal.other",
  other: "ordinal.other",
} as const;

/** "2nd", in the reader's language. */
export function ordinal(n: number): string {
  return t(ordinals[new Intl.PluralRules(currentLanguage(), { type: "ordinal" }).select(n)], { n: num(n) });
}

/** The time of day, to the second: when something gives up. */
export function timeOfDay(when: string): string {
  return new Date(when).toLocaleTimeString(currentLanguage(), { hour12: false });
}

/** "8.4 MB"; an image's size in the units that registries use. */
export function bytes(n: number): string {
  const units = ["kilobyte", "megabyte", "gigabyte"] as const;
  let value = n / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return new Intl.NumberFormat(currentLanguage(), {
    style: "unit",
    unit: units[unit],
    maximumFractionDigits: value < 100 ? 1 : 0,
  }).format(value);
}

/** "+1.2 MB", "−300 kB"; nothing changed is "±0". */
export function byteChange(by: number): string {
  if (by === 0) return "±0";
  return `${by > 0 ? "+" : "−"}${bytes(Math.abs(by))}`;
}
