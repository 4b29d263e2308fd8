import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, useState } from "react";
import type { App } from "@/api/types";
import { t } from "@/i18n";
import type { Recent } from "@/metrics/Sparkline";
import { AppCard } from "./AppCard";
import { useColumns } from "./view";

interface AppsProps {
  apps: App[];
  recent: ReadonlyMap<string, Recent>;
}

// A card and the room under it, in rem: reading sizes that people set make it higher.
const cardHeight = 14.25;

/** Cards side by side; only those near the screen are in the page. */
export function AppGrid({ apps, recent }: AppsProps) {
  const columns = useColumns();
  const list = useRef<HTMLUListElement>(null);
  const offset = useOffset(list, apps.length);
  const rows = Math.ceil(apps.length / columns);
  const virtualizer = useWindowVirtualizer({
    count: rows,
    estimateSize: () => cardHeight * rem(),
    overscan: 3,
    scrollMargin: offset,
  });
  return (
    <ul
      ref={list}
      aria-label={t("nav.apps")}
      className="relative"
      style={{ height: virtualizer.getTotalSize() }}
    >
      {virtualizer.getVirtualItems().flatMap((row) =>
        apps.slice(row.index * columns, (row.index + 1) * columns).map((app, column) => (
          <li
            key={app.id}
            aria-setsize={apps.length}
            aria-posinset={row.index * columns + column + 1}
            className="absolute top-0 pb-4"
            style={{
              height: row.size,
              width: `calc((100% - ${columns - 1}rem) / ${columns})`,
              left: `calc(((100% - ${columns - 1}rem) / ${columns} + 1rem) * ${column})`,
              transform: `translateY(${row.start - offset}px)`,
            }}
          >
            <AppCard app={app} recent={recent.get(app.id)} />
          </li>
        )),
      )}
    </ul>
  );
}

export function rem(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
}

/**
 * How far from the top of the page an element begins, as it was when the width
 * or the key was last another. It tells which rows are near the screen and not
 * where they stand, so that it may be a little old.
 */
export function useOffset(element: { current: HTMLElement | null }, key: unknown): number {
  const [offset, setOffset] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another key is a reason to measure again
  useLayoutEffect(() => {
    const measure = () => {
      const top = element.current?.getBoundingClientRect().top;
      if (top !== undefined) setOffset(Math.round(top + window.scrollY));
    };
    measure();
    window.addEventListener("resize", measure);
    return () => window.removeEventListener("resize", measure);
  }, [element, key]);
  return offset;
}
