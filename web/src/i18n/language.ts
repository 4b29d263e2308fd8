// Which language is shown. English is part of the first bundle; any other is a
// chunk of its own, fetched before the first paint when it is the one to show.
import { useSyncExternalStore } from "react";
import { type Catalogue, currentLanguage, setCatalogue } from "./index";

/** The languages there are, each by its own name. */
export const languages = [
  { tag: "en", name: "English" },
  { tag: "zh-CN", name: "简体中文" },
] as const;

export type Language = (typeof languages)[number]["tag"];

const storageKey = "slipway.language";

const catalogues: Record<Language, () => Promise<Catalogue | undefined>> = {
  en: async () => undefined,
  "zh-CN": async () => (await import("./zh")).zh,
};

const listeners = new Set<() => void>();

/** The first of the reader's languages that is one of ours. */
export function preferred(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    let locale: Intl.Locale;
    try {
      locale = new Intl.Locale(tag).maximize();
    } catch {
      continue;
    }
    if (locale.language === "en") return "en";
    if (locale.language === "zh" && locale.script === "Hans") return "zh-CN";
  }
  return "en";
}

function stored(): Language | undefined {
  try {
    const tag = localStorage.getItem(storageKey);
    return languages.find((language) => language.tag === tag)?.tag;
  } catch {
    return undefined; // storage is closed to us
  }
}

async function show(tag: Language): Promise<void> {
  setCatalogue(tag, await catalogues[tag]());
  document.documentElement.lang = tag;
  for (const listener of listeners) listener();
}

/** Puts the chosen language in place, or the browser's; call it before the first render. */
export async function startLanguage(): Promise<void> {
  const tag = stored() ?? preferred(navigator.languages);
  // English stands already. Where another cannot be fetched it is better than nothing.
  if (tag !== "en") await show(tag).catch(() => {});
  window.addEventListener("storage", (event) => {
    if (event.key === storageKey || event.key === null) {
      void show(stored() ?? preferred(navigator.languages)).catch(() => {});
    }
  });
}

/** Shows another language from now on, in this browser's other tabs too. Rejects when it cannot be fetched. */
export async function chooseLanguage(tag: Language): Promise<void> {
  await show(tag);
  try {
    localStorage.setItem(storageKey, tag);
  } catch {
    // The choice holds for this page only.
  }
}

/** The language shown; whoever asks is rendered again when it changes. */
export function useLanguage(): Language {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, currentLanguage) as Language;
}
