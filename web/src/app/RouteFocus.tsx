import { useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";

// A page that fetches its data first has its heading by then, or says its title instead.
const patience = 400;

/**
 * After each step to another page, the focus goes to its heading, so that
 * keyboard and screen reader begin there. Where it has none yet, the focus waits
 * in the main part, and the title is read aloud if none comes.
 */
export function RouteFocus() {
  const router = useRouter();
  const [said, setSaid] = useState("");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unsubscribe = router.subscribe("onRendered", ({ fromLocation, toLocation }) => {
      if (!fromLocation || fromLocation.pathname === toLocation.pathname || toLocation.hash) return;
      clearTimeout(timer);
      const main = document.querySelector<HTMLElement>("main");
      // A page that has put the focus into a field of its own knows better; an open dialog too.
      const holds = document.activeElement;
      if (!main || main.contains(holds) || holds?.closest("[role=dialog]")) return;
      setSaid("");
      if (focusHeading(main)) return;
      focus(main);
      timer = setTimeout(() => {
        if (document.activeElement === main && !focusHeading(main)) setSaid(document.title);
      }, patience);
    });
    return () => {
      clearTimeout(timer);
      unsubscribe();
    };
  }, [router]);
  return (
    <div aria-live="polite" aria-atomic="true" className="sr-only">
      {said}
    </div>
  );
}

function focus(element: HTMLElement): void {
  if (!element.hasAttribute("tabindex")) element.setAttribute("tabindex", "-1");
  element.focus({ preventScroll: true });
}

function focusHeading(main: HTMLElement): boolean {
  const heading = main.querySelector("h1");
  if (heading) focus(heading);
  return heading !== null;
}
