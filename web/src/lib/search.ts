import { useRouter, useRouterState } from "@tanstack/react-router";
import { useCallback } from "react";

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

// The router reads ?search=123 as a number and ?search=true as a truth.
function asText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "";
}
