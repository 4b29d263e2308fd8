import { useSyncExternalStore } from "react";

/**
 * Whether the browser tells when a deployment ends: "blocked" is the browser's
 * own word, and "unavailable" means that the page came over plain HTTP.
 */
export type NotifyState = "on" | "off" | "blocked" | "unavailable";

const storageKey = "slipway.notify";
const listeners = new Set<() => void>();

export function notifyState(): NotifyState {
  if (typeof Notification === "undefined" || !window.isSecureContext) return "unavailable";
  if (Notification.permission === "denied") return "blocked";
  try {
    return Notification.permission === "granted" && localStorage.getItem(storageKey) === "on" ? "on" : "off";
  } catch {
    return "off"; // storage is closed to us
  }
}

function changed(): void {
  for (const listener of listeners) listener();
}

/** Switches it on or off; on asks the browser's leave, so call it only when a person did something. */
export async function setNotify(on: boolean): Promise<NotifyState> {
  const allowed = !on || (await Notification.requestPermission()) === "granted";
  try {
    if (on && allowed) localStorage.setItem(storageKey, "on");
    else localStorage.removeItem(storageKey);
  } catch {
    // It stays off.
  }
  changed();
  return notifyState();
}

/** Shows a notification; one with the same tag takes the place of an earlier one. */
export function notify(title: string, body: string, tag: string, onClick: () => void): void {
  if (notifyState() !== "on") return;
  try {
    const note = new Notification(title, { body, tag, icon: "/favicon.svg" });
    note.onclick = () => {
      window.focus();
      onClick();
      note.close();
    };
  } catch {
    // Browsers of phones have notifications only from service workers.
  }
}

export function useNotify(): NotifyState {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    window.addEventListener("storage", listener);
    return () => {
      listeners.delete(listener);
      window.removeEventListener("storage", listener);
    };
  }, notifyState);
}
