import { useCallback, useState } from "react";
import type { Times } from "./LogRow";

/** How somebody likes to read logs; kept in the browser. */
export interface LogPrefs {
  wrap: boolean;
  times: Times;
}

const storageKey = "slipway.logs";

export function narrowScreen(): boolean {
  return typeof matchMedia === "function" && matchMedia("(max-width: 640px)").matches;
}

function stored(): Partial<LogPrefs> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(storageKey) ?? "{}");
    if (typeof value !== "object" || value === null) return {};
    const { wrap, times } = value as Record<string, unknown>;
    return {
      ...(typeof wrap === "boolean" && { wrap }),
      ...((times === "time" || times === "ago" || times === "off") && { times }),
    };
  } catch {
    return {}; // storage is closed to us, or holds something else
  }
}

/** On a narrow screen lines wrap, and without times, until somebody says otherwise. */
export function useLogPrefs(): [prefs: LogPrefs, put: (part: Partial<LogPrefs>) => void] {
  const [prefs, setPrefs] = useState<LogPrefs>(() => ({
    wrap: narrowScreen(),
    times: narrowScreen() ? "off" : "time",
    ...stored(),
  }));
  const put = useCallback((part: Partial<LogPrefs>) => {
    setPrefs((before) => ({ ...before, ...part }));
    try {
      localStorage.setItem(storageKey, JSON.stringify({ ...stored(), ...part }));
    } catch {
      // The choice holds for this page only.
    }
  }, []);
  return [prefs, put];
}
