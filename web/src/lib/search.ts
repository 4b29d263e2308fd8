import { useRouter, useRouterState } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";

/**
 * One parameter of the page's URL as text, empty when it is not there. Setting
 * it replaces the entry of the history: going back leaves the page.
 */
export function useSearchText(name: string): [value: string, set: (value: string) => void] {
  const router = useRouter();
  const value = useRouterState({
    select: (state) => asText((state.location.search as Record<string, unknown>)[name]),
  });
  const set = useCallback(
    (next: string) => {
      void router.navigate({
        to: ".",
        search: ((before: Record<string, unknown>) => ({ ...before, [name]: next || undefined })) as never,
        replace: true,
        resetScroll: false,
      });
    },
    [router, name],
  );
  return [value, set];
}

// Long enough that a word is written to the URL as a whole.
const pause = 250;

/** The same for a parameter that is typed: the text is another at once, the URL when typing pauses. */
export function useTypedSearch(name: string): [text: string, set: (text: string) => void] {
  const router = useRouter();
  const [value, write] = useSearchText(name);
  const [text, setText] = useState(value);
  const written = useRef(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // Another text came from elsewhere: a link, or the way back.
  useEffect(() => {
    if (value === written.current) return;
    clearTimeout(timer.current);
    written.current = value;
    setText(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const set = useCallback(
    (next: string) => {
      setText(next);
      clearTimeout(timer.current);
      const { pathname } = router.latestLocation;
      timer.current = setTimeout(() => {
        // Who is on the way to another page takes nothing along.
        if (router.latestLocation.pathname !== pathname) return;
        written.current = next;
        write(next);
      }, pause);
    },
    [router, write],
  );
  return [text, set];
}

// The router reads ?search=123 as a number and ?search=true as a truth.
function asText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "";
}
