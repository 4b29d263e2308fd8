import { useSyncExternalStore } from "react";

/** What the keyboard or the palette has opened over the page. */
export type Panel = "palette" | "rollback" | "scale" | "deploy" | "restart" | "shortcuts";

let open: Panel | undefined;
const listeners = new Set<() => void>();

export function showPanel(panel: Panel | undefined): void {
  open = panel;
  for (const listener of listeners) listener();
}

export function usePanel(): Panel | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => open,
  );
}
