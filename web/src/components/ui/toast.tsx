import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { t } from "@/i18n";
import { IconButton } from "./button";

interface Toast {
  id: number;
  text: string;
  link?: { to: string; label: string };
}

let toasts: Toast[] = [];
let nextId = 1;
// Long enough to read a line twice; it waits while somebody points at it or is in it.
const shownFor = 7000;
const timers = new Map<number, ReturnType<typeof setTimeout>>();
const listeners = new Set<() => void>();

function change(next: Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Says that something was done. What went wrong stands beside its cause instead. */
export function toast(text: string, link?: Toast["link"]): void {
  const id = nextId++;
  change([...toasts.slice(-2), { id, text, link }]);
  leaveSoon(id);
}

function leaveSoon(id: number): void {
  clearTimeout(timers.get(id));
  timers.set(
    id,
    setTimeout(() => dismiss(id), shownFor),
  );
}

function stay(id: number): void {
  clearTimeout(timers.get(id));
}

function dismiss(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  change(toasts.filter((shown) => shown.id !== id));
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-0 bottom-0 z-50 flex flex-col items-center gap-2 p-4 sm:items-end"
    >
      {shown.map((one) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: it does nothing, it only waits while it is read
        <div
          key={one.id}
          onPointerEnter={() => stay(one.id)}
          onPointerLeave={() => leaveSoon(one.id)}
          onFocus={() => stay(one.id)}
          onBlur={() => leaveSoon(one.id)}
          className="pointer-events-auto flex max-w-md animate-rise items-center gap-3 rounded-md border bg-surface py-1.5 pr-1.5 pl-4 shadow-2"
        >
          <span className="min-w-0 break-words">{one.text}</span>
          {one.link && (
            <Link to={one.link.to} className="link shrink-0" onClick={() => dismiss(one.id)}>
              {one.link.label}
            </Link>
          )}
          <IconButton label={t("common.dismiss")} onClick={() => dismiss(one.id)}>
            <X size={15} aria-hidden />
          </IconButton>
        </div>
      ))}
    </div>
  );
}
