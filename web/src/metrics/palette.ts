import { useSyncExternalStore } from "react";

/** The colours of the design as a canvas wants them. */
export interface Palette {
  text: string;
  faint: string;
  grid: string;
  surface: string;
  line: (token: string) => string;
}

/** Reads the tokens as they are in the theme that is shown now. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const line = (token: string) => style.getPropertyValue(`--${token}`).trim();
  return {
    text: line("text"),
    faint: line("text-3"),
    grid: line("border"),
    surface: line("surface"),
    line,
  };
}

function subscribe(changed: () => void): () => void {
  const chosen = new MutationObserver(changed);
  chosen.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class"] });
  const system = globalThis.matchMedia?.("(prefers-color-scheme: dark)");
  system?.addEventListener("change", changed);
  return () => {
    chosen.disconnect();
    system?.removeEventListener("change", changed);
  };
}

/** A word that is another one when the theme is: what was drawn is to be drawn anew. */
export function usePaletteKey(): string {
  return useSyncExternalStore(subscribe, () => {
    const { text, surface } = readPalette();
    return `${text} ${surface}`;
  });
}
