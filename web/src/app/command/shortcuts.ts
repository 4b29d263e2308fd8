import { useSyncExternalStore } from "react";
import type { PlainKey } from "@/i18n";
import type { Panel } from "./panel";

export type AppPath =
  | "/apps/$app"
  | "/apps/$app/deployments"
  | "/apps/$app/logs"
  | "/apps/$app/config"
  | "/apps/$app/releases"
  | "/apps/$app/domains"
  | "/apps/$app/settings";
export type PagePath =
  | "/"
  | "/new"
  | "/deployments"
  | "/activity"
  | "/clusters"
  | "/account"
  | "/account/tokens"
  | "/account/sessions"
  | "/design";

interface Shortcut {
  keys: string;
  label: PlainKey;
}
/** With what the address holds besides. */
export type PageShortcut = Shortcut & { to: PagePath; search?: { new: 1 } };
export type AppPageShortcut = Shortcut & { to: AppPath };
export type PanelShortcut = Shortcut & { panel: Panel };

/** Keys are pressed one after the other: g goes somewhere, a acts on the app, n makes something new. */
export const pages: PageShortcut[] = [
  { keys: "g a", label: "nav.apps", to: "/" },
  { keys: "g d", label: "nav.deployments", to: "/deployments" },
  { keys: "g e", label: "nav.activity", to: "/activity" },
  { keys: "g k", label: "nav.clusters", to: "/clusters" },
  { keys: "g u", label: "nav.account", to: "/account" },
  { keys: "g t", label: "nav.tokens", to: "/account/tokens" },
  { keys: "n a", label: "apps.new", to: "/new" },
  { keys: "n t", label: "tokens.new", to: "/account/tokens", search: { new: 1 } },
];

export const appPages: AppPageShortcut[] = [
  { keys: "g o", label: "tab.overview", to: "/apps/$app" },
  { keys: "g p", label: "tab.deployments", to: "/apps/$app/deployments" },
  { keys: "g l", label: "tab.logs", to: "/apps/$app/logs" },
  { keys: "g c", label: "tab.config", to: "/apps/$app/config" },
  { keys: "g r", label: "tab.releases", to: "/apps/$app/releases" },
  { keys: "g n", label: "tab.domains", to: "/apps/$app/domains" },
  { keys: "g s", label: "tab.settings", to: "/apps/$app/settings" },
];

export const appActions: PanelShortcut[] = [
  { keys: "a d", label: "deploy.button", panel: "deploy" },
  { keys: "a r", label: "restart.button", panel: "restart" },
  { keys: "a b", label: "palette.rollback", panel: "rollback" },
  { keys: "a s", label: "palette.scale", panel: "scale" },
];

/** Those that are not sequences; the palette's own holds a modifier and cannot be turned off. */
export const others: Shortcut[] = [
  { keys: "mod k", label: "palette.title" },
  { keys: "/", label: "shortcuts.search" },
  { keys: "?", label: "shortcuts.title" },
];

const storageKey = "slipway.shortcuts";
const listeners = new Set<() => void>();

/** Whether keys without a modifier do anything; who dictates or mistypes turns them off. */
export function shortcutsOn(): boolean {
  try {
    return localStorage.getItem(storageKey) !== "off";
  } catch {
    return true; // storage is closed to us
  }
}

export function setShortcuts(on: boolean): void {
  try {
    if (on) localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, "off");
  } catch {
    // They stay as they are.
  }
  for (const listener of listeners) listener();
}

export function useShortcutsOn(): boolean {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, shortcutsOn);
}

// A second key that comes later than this begins anew.
const patience = 1500;

/** Puts keys together: gives what was pressed, "g a" or "?", once it is one of those known. */
export class Sequence {
  private first = "";
  private at = 0;

  constructor(private readonly known: ReadonlySet<string>) {}

  press(key: string, now: number): string | undefined {
    const both = `${this.first} ${key}`;
    const fresh = this.first !== "" && now - this.at <= patience;
    this.first = "";
    if (fresh && this.known.has(both)) return both;
    if (this.known.has(key)) return key;
    this.first = key;
    this.at = now;
    return undefined;
  }
}

const typing = "input, textarea, select, [contenteditable]:not([contenteditable=false])";
const busy = "[role=dialog], [role=alertdialog], [role=menu], [role=listbox], [role=grid], [role=slider]";

/** Whether a key belongs to what has the focus: typing, a menu, a dialog. */
export function taken(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.isComposing) return true;
  const target = event.target instanceof Element ? event.target : undefined;
  return Boolean(target?.closest(typing) || target?.closest(busy) || document.querySelector("[role=dialog]"));
}
