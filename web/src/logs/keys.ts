import { useEffect, useRef } from "react";
import { shortcutsOn, taken } from "@/app/command/shortcuts";
import type { PlainKey } from "@/i18n";

/** The keys of a log view, for the list of shortcuts. */
export const logShortcuts: readonly { keys: string; label: PlainKey }[] = [
  { keys: "f", label: "logs.key_follow" },
  { keys: "w", label: "logs.key_wrap" },
  { keys: "t", label: "logs.key_times" },
  { keys: "j", label: "logs.key_down" },
  { keys: "k", label: "logs.key_up" },
  { keys: "enter", label: "logs.key_fold" },
  { keys: "c", label: "logs.copy_line" },
  { keys: "l", label: "logs.copy_link" },
];

// After a key that begins a sequence, the next one belongs to it.
const beginners = new Set(["g", "a", "n"]);
const patience = 1500;

/** Gives the keys that are for no other thing to a log view; act says whether it used one. */
export function useLogKeys(act: (key: string) => boolean): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    let begun = Number.NEGATIVE_INFINITY;
    const onKey = (event: KeyboardEvent) => {
      if (taken(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      const { key } = event;
      const second = performance.now() - begun < patience;
      begun = beginners.has(key) ? performance.now() : Number.NEGATIVE_INFINITY;
      if (second) return;
      if (key.length === 1 && !shortcutsOn()) return;
      const target = event.target instanceof Element ? event.target : undefined;
      // Buttons and links have uses of their own for these.
      if ((key === "Enter" || key === " ") && target?.closest("button, a, summary, label")) return;
      if (latest.current(key)) event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}
