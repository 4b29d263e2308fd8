import { useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";

/**
 * After each step to another page, the focus goes to its heading, so that
 * keyboard and screen reader begin there, and where it has none yet, to the
 * main part while the title is read aloud.
 */
export function RouteFocus() {
  const router = useRouter();
  const [said, setSaid] = useState("");
  useEffect(
    () =>
      router.subscribe("onRendered", ({ fromLocation, toLocation }) => {
        if (!fromLocation || fromLocation.pathname === toLocation.pathname || toLocation.hash) return;
        const main = document.querySelector<HTMLElement>("main");
        // A page that has put the focus into a field of its own knows better; an open dialog too.
        const holds = document.activeElement;
        if (!main || main.contains(holds) || holds?.closest("[role=dialog]")) return;
        const heading = main.querySelector("h1");
        const target = heading ?? main;
        if (!target.hasAttribute("tabindex")) target.setAttribute("tabindex", "-1");
        target.focus({ preventScroll: true });
        setSaid(heading ? "" : document.title);
      }),
    [router],
  );
  return (
    <div aria-live="polite" aria-atomic="true" className="sr-only">
      {said}
    </div>
  );
}
