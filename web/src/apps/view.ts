import { useState, useSyncExternalStore } from "react";

export type View = "grid" | "table";

const storageKey = "slipway.apps.view";

/** How this browser shows the apps: as it did last. */
export function useView(): [View, (view: View) => void] {
  const [view, setView] = useState<View>(() => {
    try {
      return localStorage.getItem(storageKey) === "table" ? "table" : "grid";
    } catch {
      return "grid"; // storage is closed to us
    }
  });
  return [
    view,
    (next) => {
      setView(next);
      try {
        localStorage.setItem(storageKey, next);
      } catch {
        // The choice holds for this page only.
      }
    },
  ];
}

function subscribe(changed: () => void): () => void {
  window.addEventListener("resize", changed);
  return () => window.removeEventListener("resize", changed);
}

// The narrowest windows for so many cards, in pixels: sm and xl of the styles, and where pages get wider.
const widths = [640, 1280, 1760, 2400];

/** How many cards stand side by side. */
export function useColumns(): number {
  return useSyncExternalStore(
    subscribe,
    () => 1 + widths.filter((width) => window.innerWidth >= width).length,
  );
}
