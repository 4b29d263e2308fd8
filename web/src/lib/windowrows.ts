import { type RefObject, useEffect, useState } from "react";

export interface RowRange {
  /** The first row to render, and the one after the last. */
  first: number;
  end: number;
}

interface WindowRowsOptions {
  /** What holds the rows; they are as high as its top and height say, one under the other. */
  holder: RefObject<HTMLElement | null>;
  count: number;
  /** The height of each row in pixels; asked for anew when the window changes. */
  rowHeight: () => number;
  /** Rows to have ready above and below the screen. */
  overscan: number;
}

/** The rows that are near the screen, given where their holder begins in relation to it. */
export function rowsNear(
  top: number,
  screen: number,
  rowHeight: number,
  count: number,
  overscan: number,
): RowRange {
  const first = Math.max(0, Math.floor(-top / rowHeight) - overscan);
  const end = Math.min(count, Math.ceil((screen - top) / rowHeight) + overscan);
  return { first: Math.min(first, Math.max(0, end)), end: Math.max(0, end) };
}

/**
 * Follows the window's scrolling over rows of one height and says which of them
 * to render. It renders again only when these are others.
 */
export function useWindowRows({
  holder,
  count,
  rowHeight,
  overscan,
}: WindowRowsOptions): RowRange & { height: number } {
  const [height, setHeight] = useState(rowHeight);
  const [range, setRange] = useState(() => rowsNear(0, window.innerHeight, height, count, overscan));
  useEffect(() => {
    let frame = 0;
    const look = () => {
      frame = 0;
      const now = rowHeight();
      setHeight(now);
      const top = holder.current?.getBoundingClientRect().top ?? 0;
      const next = rowsNear(top, window.innerHeight, now, count, overscan);
      setRange((before) => (before.first === next.first && before.end === next.end ? before : next));
    };
    const soon = () => {
      frame ||= requestAnimationFrame(look);
    };
    look();
    window.addEventListener("scroll", soon, { passive: true });
    window.addEventListener("resize", soon);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener("scroll", soon);
      window.removeEventListener("resize", soon);
    };
  }, [holder, count, rowHeight, overscan]);
  return { first: Math.min(range.first, count), end: Math.min(range.end, count), height };
}
