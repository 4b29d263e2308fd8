import { Link } from "@tanstack/react-router";
import { type FocusEvent, type KeyboardEvent, type PointerEvent, useState } from "react";
import { createPortal } from "react-dom";
import { t, tWord } from "@/i18n";
import { cx } from "@/lib/cx";
import { Mark } from "./Marks";
import { type AppPlaces, type Place, states } from "./model";

interface CellsProps {
  groups: AppPlaces[];
  /** Names them for screen readers. */
  label: string;
  /** Apps that a filter is about; the others stand back. */
  apps?: ReadonlySet<string>;
  /** More instances than this are counted instead. */
  most: number;
}

/** What runs on a node, app by app: a cell for each instance, or a number where they are many. */
export function Cells({ groups, label, apps, most }: CellsProps) {
  // By its key: what it does may change while somebody looks.
  const [tip, setTip] = useState<{ key: string; x: number; y: number }>();
  const told = tip && groups.flatMap((group) => group.places).find((place) => place.key === tip.key);
  const all = groups.reduce((sum, group) => sum + group.places.length, 0);
  const show = (event: PointerEvent | FocusEvent) => {
    const cell = (event.target as Element).closest<HTMLElement>("[data-cell]");
    const [group, at] = (cell?.dataset.cell ?? "").split(" ").map(Number);
    const place = groups[group ?? -1]?.places[at ?? -1];
    if (!cell || !place) return setTip(undefined);
    const box = cell.getBoundingClientRect();
    setTip({ key: place.key, x: box.left + box.width / 2, y: box.top });
  };
  const hide = () => setTip(undefined);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the links within are what is used; this only moves between them
    <div onPointerOver={show} onPointerLeave={hide} onFocus={show} onBlur={hide} onKeyDown={walk}>
      <ul className="space-y-1" aria-label={label}>
        {groups.map((group, g) => (
          <li
            key={group.app}
            className={cx(
              "grid grid-cols-[minmax(0,8rem)_minmax(0,1fr)] items-start gap-x-3",
              apps && !apps.has(group.app) && "opacity-45",
            )}
          >
            <Link
              to="/apps/$app"
              params={{ app: group.app }}
              className="link-quiet truncate rounded-sm text-sm leading-5 hover:underline"
              title={group.app}
              translate="no"
            >
              {group.app}
            </Link>
            {all > most ? (
              <Counted group={group} />
            ) : (
              <span className="flex flex-wrap">
                {group.places.map((place, i) => (
                  <Link
                    key={place.key}
                    to="/apps/$app"
                    params={{ app: place.app }}
                    data-cell={`${g} ${i}`}
                    tabIndex={g === 0 && i === 0 ? 0 : -1}
                    aria-label={t("nodes.instance", {
                      name: place.key,
                      state: tWord("instance_state", place.state),
                    })}
                    className="grid size-5 place-items-center rounded-sm hover:bg-surface-3"
                  >
                    <Mark state={place.state} />
                  </Link>
                ))}
              </span>
            )}
          </li>
        ))}
      </ul>
      {tip && told && createPortal(<Tip place={told} x={tip.x} y={tip.y} />, document.body)}
    </div>
  );
}

function Counted({ group }: { group: AppPlaces }) {
  return (
    <span className="flex flex-wrap gap-x-3 text-sm tabular-nums leading-5">
      {states.map((state) => {
        const n = group.places.filter((place) => place.state === state).length;
        return (
          n > 0 && (
            <span key={state} className="inline-flex items-center gap-1">
              <Mark state={state} />
              {n}
              <span className="sr-only">{tWord("instance_state", state)}</span>
            </span>
          )
        );
      })}
    </span>
  );
}

const steps: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** The arrow keys move between the cells of a node, which are one stop for the tab key. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  const step = steps[event.key];
  const here = (event.target as Element).closest("[data-cell]");
  if (!step || !here) return;
  const cells = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-cell]")];
  const next = cells[cells.indexOf(here as HTMLElement) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** What a cell's label says, for those who see. */
function Tip({ place, x, y }: { place: Place; x: number; y: number }) {
  return (
    <div
      aria-hidden
      className="-translate-x-1/2 -translate-y-full pointer-events-none fixed z-60 w-max max-w-64 rounded-sm bg-text px-2 py-1 text-bg text-xs shadow-2"
      style={{ left: Math.max(90, Math.min(window.innerWidth - 90, x)), top: y - 4 }}
    >
      <span className="block break-all font-medium">{place.key}</span>
      <span className="block">
        {tWord("instance_state", place.state)} ·{" "}
        {t("nodes.tip", { process: place.process, release: place.release })}
      </span>
    </div>
  );
}
