import { useState } from "react";
import type { App } from "@/api/types";
import { t } from "@/i18n";

export type Values<N extends string> = Record<N, string>;

/**
 * The fields of a form over an app that others may change meanwhile: what was
 * typed lies over what the server has, so that a field nobody touched follows
 * the server and one that was touched keeps its text.
 */
export function useDraft<N extends string>(app: App, valuesOf: (app: App) => Values<N>) {
  const [typed, setTyped] = useState<Partial<Values<N>>>({});
  // What the server had where typing began, by field.
  const [before, setBefore] = useState<Partial<Values<N>>>({});
  const now = valuesOf(app);
  const values: Values<N> = { ...now, ...typed };
  const names = Object.keys(now) as N[];
  return {
    values,
    changed: names.filter((name) => values[name].trim() !== now[name]),
    put: (name: N, value: string) => {
      setTyped({ ...typed, [name]: value });
      if (typed[name] === undefined) setBefore({ ...before, [name]: now[name] });
    },
    reset: () => {
      setTyped({});
      setBefore({});
    },
    /** What to say of a field that was typed into and that somebody else changed since. */
    news: (name: N): string | undefined => {
      if (typed[name] === undefined || before[name] === now[name] || typed[name] === now[name]) return;
      return now[name] ? t("settings.theirs", { value: now[name] }) : t("settings.theirs_empty");
    },
  };
}
