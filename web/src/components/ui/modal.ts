import { useEffect, useLayoutEffect, useRef } from "react";

/**
 * What is alike in everything modal: the page behind does not scroll, and the
 * focus goes back to where it was. Give the result to Radix's content.
 */
export function useModal(open: boolean): { onCloseAutoFocus: (event: Event) => void } {
  const before = useRef<Element | null>(null);
  // Before the effect in which Radix takes the focus.
  useLayoutEffect(() => {
    if (open) before.current = document.activeElement;
  }, [open]);
  useEffect(() => {
    if (!open) return;
    document.documentElement.classList.add("overflow-hidden");
    return () => document.documentElement.classList.remove("overflow-hidden");
  }, [open]);
  return {
    onCloseAutoFocus: (event) => {
      // Left to itself, Radix looks for a trigger of its own and drops the focus without one.
      event.preventDefault();
      const back = before.current;
      if (back instanceof HTMLElement && back.isConnected && back !== document.body)
        back.focus({ preventScroll: true });
      else document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
    },
  };
}
