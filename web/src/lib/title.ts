import { useEffect } from "react";

/** Names the page in the browser's tab, most telling part first. */
export function useTitle(...parts: (string | undefined)[]): void {
  const title = [...parts.filter(Boolean), "Slipway"].join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
