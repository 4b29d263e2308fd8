import { type RefObject, useEffect, useRef } from "react";

/** Brings the open one of a row of tabs into sight, where they are wider than the screen. */
export function useOpenTab(open: string): RefObject<HTMLElement | null> {
  const nav = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is open says which tab is active
  useEffect(() => {
    const row = nav.current;
    const tab = row?.querySelector<HTMLElement>(".active");
    if (row && tab) row.scrollLeft = tab.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
  }, [open]);
  return nav;
}
