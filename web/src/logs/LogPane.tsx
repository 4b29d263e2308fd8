import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { type ReactNode, type RefObject, useCallback, useEffect, useLayoutEffect, useRef } from "react";
import { Button } from "@/components/ui/button";
import { t, tn } from "@/i18n";
import { LogRow, type RowLook } from "./LogRow";
import type { LogModel } from "./model";

const rowHeight = 20;

interface LogPaneProps {
  model: LogModel;
  /** Goes up when the model has changed. */
  version: number;
  look: RowLook;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  label: string;
  empty: ReactNode;
  /** The seq of the topmost line in sight while not following; it outlives the pane. */
  place: RefObject<number>;
  /** Lines that came since the place was left. */
  unseen: number;
}

/**
 * The lines of a model, of which only those in sight are in the document. While
 * following, the newest stays in sight; scrolling up lets go of it, and the place
 * stays put however many lines come or are pushed out above.
 */
export function LogPane({
  model,
  version,
  look,
  follow,
  onFollow,
  label,
  empty,
  place,
  unseen,
}: LogPaneProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const lastTop = useRef(0);
  const gone = useRef(model.droppedVisible);
  const count = model.rows.length;
  const offset = model.droppedVisible;

  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: useCallback((index: number) => index + offset, [offset]),
    overscan: 24,
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes measured under another look are wrong
  useEffect(() => virtualizer.measure(), [look.wrap, virtualizer]);

  // Another filter is another pane: it opens where the one before it stood.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it opens
  useLayoutEffect(() => {
    if (!follow && place.current > 0) {
      virtualizer.scrollToIndex(model.rowOf(place.current), { align: "start" });
    }
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: version is what says that the model changed
  useLayoutEffect(() => {
    const pane = scroller.current;
    if (!pane) return;
    const lost = offset - gone.current;
    gone.current = offset;
    if (follow) pane.scrollTop = pane.scrollHeight;
    else if (lost > 0) pane.scrollTop = Math.max(0, pane.scrollTop - lost * rowHeight);
    lastTop.current = pane.scrollTop;
  }, [version, follow, offset, count, look.wrap]);

  const onScroll = () => {
    const pane = scroller.current;
    if (!pane) return;
    const moved = pane.scrollTop - lastTop.current;
    if (Math.abs(moved) < 1) return; // our own doing, which was noted when it was done
    lastTop.current = pane.scrollTop;
    const atEnd = pane.scrollHeight - pane.scrollTop - pane.clientHeight < rowHeight * 1.5;
    const first = model.rows[virtualizer.getVirtualItemForOffset(pane.scrollTop)?.index ?? 0];
    if (first?.kind === "line") place.current = first.line.seq;
    if (follow && moved < 0 && !atEnd) onFollow(false);
    if (!follow && moved > 0 && atEnd) onFollow(true);
  };

  const items = virtualizer.getVirtualItems();
  return (
    <div className="relative min-h-0 flex-1">
      <section
        ref={scroller}
        onScroll={onScroll}
        tabIndex={0}
        aria-label={label}
        className="-outline-offset-2! h-full overflow-auto overscroll-contain bg-log-bg font-mono text-[0.78rem] leading-5 [overflow-anchor:none]"
      >
        {count === 0 && <div className="p-6 font-sans text-base text-text-3">{empty}</div>}
        <div
          className="relative min-w-full"
          style={{ height: virtualizer.getTotalSize() + (count ? 12 : 0) }}
        >
          <div
            className={look.wrap ? "absolute inset-x-0" : "absolute min-w-full"}
            style={{ transform: `translateY(${(items[0]?.start ?? 0) + 6}px)` }}
          >
            {items.map((item) => {
              const entry = model.rows[item.index];
              return (
                <div
                  key={item.key}
                  data-index={item.index}
                  ref={look.wrap ? virtualizer.measureElement : undefined}
                  className={look.wrap ? "min-h-5" : "h-5"}
                >
                  {entry && <LogRow entry={entry} look={look} />}
                </div>
              );
            })}
          </div>
        </div>
      </section>
      {!follow && count > 0 && (
        <div className="pointer-events-none absolute inset-x-0 bottom-3 flex justify-center">
          <Button
            size="sm"
            look="primary"
            className="pointer-events-auto animate-rise rounded-full! shadow-2"
            onClick={() => onFollow(true)}
          >
            <ArrowDown size={14} aria-hidden />
            {unseen > 0 ? tn("logs.unseen", unseen) : t("logs.to_end")}
          </Button>
        </div>
      )}
    </div>
  );
}
