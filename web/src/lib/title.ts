import { useEffect } from "react";

export interface TitleMark {
  /** The app that the page is about. */
  app: string;
  tone: "running" | "failed";
  /** What its deployment does, in a word. */
  words: string;
}

const signs = { running: "●", failed: "✕" };
const icons = { running: "/favicon-running.svg", failed: "/favicon-failed.svg" };

let parts: string[] = [];
let mark: TitleMark | undefined;

/** "Logs · shop · Slipway", or "● building · shop · Logs" while something happens to the app. */
export function titleOf(page: string[], now?: TitleMark): string {
  if (!now) return [...page, "Slipway"].join(" · ");
  const rest = page.filter((part) => part !== now.app);
  return [`${signs[now.tone]} ${now.words}`, now.app, ...rest].join(" · ");
}

function paint(): void {
  document.title = titleOf(parts, mark);
  const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  const icon = mark ? icons[mark.tone] : "/favicon.svg";
  if (link && link.getAttribute("href") !== icon) link.setAttribute("href", icon);
}

/** Names the page in the browser's tab, most telling part first. */
export function useTitle(...given: (string | undefined)[]): void {
  const joined = given.filter(Boolean).join("\n");
  useEffect(() => {
    parts = joined === "" ? [] : joined.split("\n");
    paint();
  }, [joined]);
}

/** Puts what happens to the app before the title, and a dot on the page's icon; undefined takes it away. */
export function useTitleMark(now: TitleMark | undefined): void {
  const { app, tone, words } = now ?? {};
  useEffect(() => {
    mark = app && tone && words ? { app, tone, words } : undefined;
    paint();
    return () => {
      mark = undefined;
      paint();
    };
  }, [app, tone, words]);
}
