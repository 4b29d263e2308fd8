import { useRef } from "react";
import type { App } from "@/api/types";
import { t } from "@/i18n";
import { useWindowRows } from "@/lib/windowrows";
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
  const rows = Math.ceil(apps.length / columns);
  const near = useWindowRows({ holder: list, count: rows, rowHeight: cardPixels, overscan: 3 });
  const shown = Array.from({ length: near.end - near.first }, (_, i) => near.first + i);
  return (
    <ul ref={list} aria-label={t("nav.apps")} className="relative" style={{ height: rows * near.height }}>
      {shown.flatMap((row) =>
        apps.slice(row * columns, (row + 1) * columns).map((app, column) => (
          <li
            key={app.id}
            aria-setsize={apps.length}
            aria-posinset={row * columns + column + 1}
            className="absolute top-0 pb-4"
            style={{
              height: near.height,
              width: `calc((100% - ${columns - 1}rem) / ${columns})`,
              left: `calc(((100% - ${columns - 1}rem) / ${columns} + 1rem) * ${column})`,
              transform: `translateY(${row * near.height}px)`,
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

const cardPixels = () => cardHeight * rem();
