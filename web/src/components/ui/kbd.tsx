import { cx } from "@/lib/cx";

/** Says whether the reader's keyboard has a command key. */
export const apple = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);

const faces: Record<string, string> = {
  mod: apple ? "⌘" : "Ctrl",
  shift: apple ? "⇧" : "Shift",
  enter: "↵",
  escape: "Esc",
  up: "↑",
  down: "↓",
};

/** The keys of a shortcut, such as "mod k" or "g a": pressed together after a mod, one after the other else. */
export function Kbd({ keys, className }: { keys: string; className?: string }) {
  return (
    <span className={cx("inline-flex shrink-0 items-center gap-1", className)}>
      {keys.split(" ").map((key, i, all) => (
        <kbd
          key={i}
          className="inline-grid h-5 min-w-5 place-items-center rounded-sm border bg-surface-2 px-1 font-sans text-text-2 text-xs"
        >
          {faces[key] ?? (all.length > 1 && all[0] === "mod" ? key.toUpperCase() : key)}
        </kbd>
      ))}
    </span>
  );
}
