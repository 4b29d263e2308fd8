import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useLayoutEffect, useRef } from "react";
import type { Line } from "@/api/types";
import { t } from "@/i18n";
import { cx } from "@/lib/cx";
import { clock, exactly } from "@/lib/time";
import { edge } from "@/logs/LogRow";
import { LogText } from "@/logs/LogText";

// Up to so many lines stand in the page as they are; more scroll in a window of their own.
const few = 200;

interface OutputLinesProps {
  lines: readonly Line[];
  /** How many there are: the array itself is changed in place. */
  count: number;
  dropped: number;
  className?: string;
}

/** Lines of output of a build or a deployment. */
export function OutputLines({ lines, count, dropped, className }: OutputLinesProps) {
  return (
    <div className={cx("bg-log-bg font-mono text-[0.78rem] leading-5", className)}>
      {dropped > 0 && (
        <p className="px-4 pt-2 font-sans text-sm text-warn sm:px-5">{t("build.dropped", { n: dropped })}</p>
      )}
      {count <= few ? (
        <div className="py-2">
          {lines.map((line) => (
            <OutputLine key={line.seq} line={line} />
          ))}
        </div>
      ) : (
        <ManyLines lines={lines} count={count} />
      )}
    </div>
  );
}

const OutputLine = memo(function OutputLine({ line }: { line: Line }) {
  return (
    <div
      className={cx(
        "flex gap-3 border-l-2 px-4 sm:px-5",
        edge(line),
        line.source === "slipway" && "text-text-2",
      )}
    >
      <span className="hidden shrink-0 select-none text-text-3 sm:inline" title={exactly(line.time)}>
        {clock(line.time)}
      </span>
      {line.source === "app" && line.instance && (
        <span className="shrink-0 select-none text-text-3">{line.instance.replace(/^[^.]*\./, "")}</span>
      )}
      <span className="min-h-5 min-w-0 flex-1 whitespace-pre-wrap [overflow-wrap:anywhere]">
        <LogText text={line.text} />
      </span>
    </div>
  );
});

function ManyLines({ lines, count }: { lines: readonly Line[]; count: number }) {
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => 20,
    overscan: 15,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: count is what says that lines came
  useLayoutEffect(() => {
    const pane = scroller.current;
    if (pane && atEnd.current) pane.scrollTop = pane.scrollHeight;
  }, [count]);
  const items = virtualizer.getVirtualItems();
  return (
    <section
      ref={scroller}
      tabIndex={0}
      aria-label={t("build.output")}
      className="-outline-offset-2! max-h-[28rem] overflow-auto [overflow-anchor:none]"
      onScroll={(e) => {
        const pane = e.currentTarget;
        atEnd.current = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 30;
      }}
    >
      <div className="relative" style={{ height: virtualizer.getTotalSize() }}>
        <div className="absolute inset-x-0" style={{ transform: `translateY(${items[0]?.start ?? 0}px)` }}>
          {items.map((item) => {
            const line = lines[item.index];
            return (
              <div key={item.key} data-index={item.index} ref={virtualizer.measureElement}>
                {line && <OutputLine line={line} />}
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}
