import { type CSSProperties, memo, useCallback, useEffect, useRef, useState } from "react";
import type { ClusterNode } from "@/api/types";
import { t, tn, tWord } from "@/i18n";
import { useLanguage } from "@/i18n/language";
import { cx } from "@/lib/cx";
import { useWindowRows } from "@/lib/windowrows";
import { figure } from "@/metrics/format";
import { ShareBar, sharesOf } from "./LoadBar";
import { fills, Mark } from "./Marks";
import { cell, fullness, matrixOf, type ShownNode, states, troubled } from "./model";

// The narrowest tile that all of it fits in, and the room between them, in pixels.
const narrowest = 144;
const gap = 8;
const columns = 15;
// Rows of marks: as many as the fullest node takes, and no more than these.
const mostRows = 5;
const above = 68;

/** How high the tiles are: all alike, so that nothing jumps, and as low as they can be. */
function rowsFor(nodes: ShownNode[]): number {
  const fullest = nodes.reduce((most, { node }) => Math.max(most, node.instances), 0);
  const rows = Math.ceil(fullest / columns);
  return rows > mostRows ? 4 : Math.max(2, rows);
}

/** Nodes as tiles of one size; of some hundred of them those near the screen are rendered. */
export function NodeTiles({ nodes, onOpen }: { nodes: ShownNode[]; onOpen: (node: string) => void }) {
  const holder = useRef<HTMLUListElement>(null);
  const across = useAcross(holder);
  const lines = Math.ceil(nodes.length / across);
  const rows = rowsFor(nodes);
  const height = above + rows * cell;
  const rowHeight = useCallback(() => height + gap, [height]);
  const { first, end } = useWindowRows({ holder, count: lines, rowHeight, overscan: 3 });
  const near = nodes.slice(first * across, end * across);
  return (
    <ul
      ref={holder}
      aria-label={t("nodes.title")}
      className="relative"
      style={{ height: lines * rowHeight() - (lines > 0 ? gap : 0) }}
    >
      {near.map((shown, i) => {
        const at = first * across + i;
        return (
          <Tile
            key={shown.node.id}
            shown={shown}
            onOpen={onOpen}
            top={Math.floor(at / across) * rowHeight()}
            column={at % across}
            across={across}
            at={at}
            all={nodes.length}
            rows={rows}
          />
        );
      })}
    </ul>
  );
}

/** How many tiles stand side by side. */
function useAcross(holder: React.RefObject<HTMLElement | null>): number {
  const [across, setAcross] = useState(1);
  useEffect(() => {
    const element = holder.current;
    if (!element || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(([entry]) => {
      const width = entry?.contentRect.width ?? 0;
      setAcross(Math.max(1, Math.floor((width + gap) / (narrowest + gap))));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [holder]);
  return across;
}

interface TileProps {
  shown: ShownNode;
  onOpen: (node: string) => void;
  top: number;
  column: number;
  across: number;
  at: number;
  all: number;
  rows: number;
}

const borders: Record<ClusterNode["state"], string> = {
  ready: "",
  drained: "border-warn-mark! border-dashed!",
  down: "border-bad-mark!",
  starting: "border-accent! border-dashed!",
};

const Tile = memo(function Tile({ shown, onOpen, top, column, across, at, all, rows }: TileProps) {
  useLanguage();
  const { node } = shown;
  const [cpu, memory] = sharesOf(node, node);
  const place: CSSProperties = {
    top,
    height: above + rows * cell,
    left: `calc((100% + ${gap}px) * ${column} / ${across})`,
    width: `calc((100% + ${gap}px) / ${across} - ${gap}px)`,
  };
  return (
    <li className="absolute" style={place} aria-setsize={all} aria-posinset={at + 1}>
      <button
        type="button"
        onClick={() => onOpen(node.id)}
        aria-label={t("nodes.tile", {
          node: node.name,
          state: tWord("nodes.state", node.state),
          instances: said(node),
          cpu: figure(fullness(node, "cpu") * 100, "percent"),
          memory: figure(fullness(node, "memory") * 100, "percent"),
        })}
        className={cx(
          "flex size-full flex-col gap-1.5 rounded-md border bg-surface p-2 text-left shadow-1 hover:bg-surface-2",
          borders[node.state],
        )}
      >
        <span className="flex w-full items-center gap-1.5 text-sm">
          <span className="min-w-0 flex-1 truncate font-medium" translate="no">
            {node.name}
          </span>
          {node.state === "ready" ? (
            <span className="inline-flex items-center gap-1 text-text-3 text-xs tabular-nums">
              {troubled(node) > 0 && (
                <>
                  <Mark state={node.states.exited > 0 ? "exited" : "unhealthy"} className="size-2.5!" />
                  <span className="text-bad">{troubled(node)}</span>/
                </>
              )}
              {node.instances}
            </span>
          ) : (
            <span className={cx("text-xs", node.state === "down" ? "text-bad" : "text-warn")}>
              {tWord("nodes.state", node.state)}
            </span>
          )}
        </span>
        <span className="block w-full space-y-1">
          <ShareBar share={cpu} className="h-1!" />
          <ShareBar share={memory} className="h-1!" />
        </span>
        <Crowd shown={shown} rows={rows} />
      </button>
    </li>
  );
});

function said(node: ClusterNode): string {
  const parts = states
    .filter((state) => node.states[state] > 0)
    .map((state) => `${node.states[state]} ${tWord("instance_state", state)}`);
  return parts.length > 0 ? parts.join(", ") : tn("clusters.count", 0);
}

/** A node's instances as small marks, or as shares of a bar where they are too many for that. */
function Crowd({ shown, rows }: { shown: ShownNode; rows: number }) {
  const { node } = shown;
  const matrix = matrixOf(shown, columns, rows);
  if (matrix) {
    return (
      <svg
        width={columns * cell}
        height={rows * cell}
        viewBox={`0 0 ${columns * cell} ${rows * cell}`}
        preserveAspectRatio="xMinYMin meet"
        className="mt-0.5 max-w-full shrink-0"
        aria-hidden
      >
        <path d={matrix.dim} fillRule="evenodd" className="fill-surface-3" />
        {states.map((state) => (
          <path key={state} d={matrix.paths[state] ?? ""} fillRule="evenodd" className={fills[state]} />
        ))}
      </svg>
    );
  }
  return (
    <span className="mt-1 block w-full">
      <svg
        viewBox="0 0 100 10"
        preserveAspectRatio="none"
        className="block h-3 w-full rounded-sm"
        aria-hidden
      >
        {bars(node).map(({ state, x, width }) => (
          <rect key={state} x={x} y={0} width={width} height={10} className={fills[state]} />
        ))}
      </svg>
      <span className="mt-1 flex gap-x-2 overflow-hidden text-text-3 text-xs tabular-nums">
        {states
          .filter((state) => state !== "healthy" && node.states[state] > 0)
          .map((state) => (
            <span key={state} className="inline-flex items-center gap-1">
              <Mark state={state} className="size-2.5!" />
              {node.states[state]}
            </span>
          ))}
      </span>
    </span>
  );
}

/** What is rare is to be seen: it has at least a twentieth of the bar. */
function bars(node: ClusterNode) {
  const there = states.filter((state) => node.states[state] > 0);
  const weights = there.map((state) => Math.max(0.05, node.states[state] / node.instances));
  const sum = weights.reduce((a, b) => a + b, 0);
  let x = 0;
  return there.map((state, i) => {
    const width = ((weights[i] ?? 0) / sum) * 100;
    x += width;
    return { state, x: x - width, width };
  });
}
