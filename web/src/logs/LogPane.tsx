import {
  type ClipboardEvent,
  type MouseEvent,
  type ReactNode,
  type RefObject,
  useCallback,
  useImperativeHandle,
  useLayoutEffect,
  useReducer,
  useRef,
  useState,
} from "react";
import { flushSync } from "react-dom";
import { copiedText } from "./copied";
import { LogRow, type RowLook } from "./LogRow";
import type { LogModel, LogRow as Row } from "./model";
import type { LineRange } from "./query";
import type { Sizer } from "./rows";

export const rowHeight = 20;
const overscan = 300;
const room = 6;
// What stands before the text of a line, in characters of the log's font, roughly.
const gutterOf = (look: RowLook) => (look.times === "off" ? 12 : 20) + (look.names ? 17 : 0);

/** What the keys and buttons around the pane do to it. */
export interface PaneHandle {
  /** Brings a row into the middle. */
  show(order: number): void;
  scroll(by: "line" | "page" | "start", direction: 1 | -1): void;
  focus(): void;
  /** The order of the first row in sight. */
  top(): number;
}

interface LogPaneProps {
  model: LogModel;
  /** Goes up when the model has changed. */
  version: number;
  look: RowLook;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  label: string;
  /** The line where the search or the keys stand. */
  current: number | undefined;
  marked: LineRange | undefined;
  /** A line's time or number was clicked; extend when it was with shift. */
  onLine: (seq: number, extend: boolean) => void;
  /** The upper or lower end of what is held comes near. */
  onEdge: (edge: "start" | "end") => void;
  /** What stands above the first row. */
  head: ReactNode;
  empty: ReactNode;
  handle: RefObject<PaneHandle | null>;
}

/**
 * The rows of a model, of which only those in sight are in the document. While
 * following, the newest stays in sight; otherwise the row at the top keeps its
 * place, whatever comes, goes, or turns out higher than it was thought to be.
 */
export function LogPane(props: LogPaneProps) {
  const { model, look, follow, onFollow, label, current, marked, onLine, onEdge, head, empty } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const spacer = useRef<HTMLDivElement>(null);
  const block = useRef<HTMLDivElement>(null);
  const topOfRows = useRef<HTMLDivElement>(null);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const [size, setSize] = useState({ width: 800, height: 600, char: 7.5 });
  const expected = useRef(0);
  const tries = useRef(0);
  const place = useRef<{ order: number; delta: number }>({ order: 0, delta: 0 });
  const { view } = model;

  const cols = Math.max(20, Math.floor((size.width - 40) / size.char) - gutterOf(look));
  useSizes(model, look, cols);

  useLayoutEffect(() => {
    const pane = scroller.current;
    if (!pane) return;
    const measure = () => setSize({ width: pane.clientWidth, height: pane.clientHeight, char: charOf(pane) });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(pane);
    return () => observer.disconnect();
  }, []);

  // Which rows are in sight, from where the pane is to stand.
  const headHeight = topOfRows.current?.offsetHeight ?? 0;
  const total = view.height;
  const top = follow
    ? Math.max(0, total - size.height)
    : view.offsetOf(view.indexOf(place.current.order)) + place.current.delta;
  const from = view.length ? view.indexAt(Math.max(0, top - overscan)) : 0;
  const count = view.length ? view.indexAt(top + size.height + overscan) - from + 1 : 0;
  const rows = view.slice(from, count);

  useLayoutEffect(() => {
    const pane = scroller.current;
    const holder = block.current;
    if (!pane || !holder || !spacer.current) return;
    measureRows(holder, rows, model, look.wrap);
    const height = view.height;
    const head = topOfRows.current?.offsetHeight ?? 0;
    spacer.current.style.height = `${height + room * 2}px`;
    holder.style.transform = `translateY(${view.offsetOf(from) + room}px)`;
    const wanted = follow
      ? head + height + room * 2 - pane.clientHeight
      : head + view.offsetOf(view.indexOf(place.current.order)) + place.current.delta;
    if (Math.abs(pane.scrollTop - wanted) > 0.5) pane.scrollTop = wanted;
    expected.current = pane.scrollTop;
    // Rows that are lower than they were thought to be leave a hole: draw once more.
    const bottom = view.offsetOf(from + rows.length);
    const now = Math.max(0, expected.current - head);
    const holds = now >= view.offsetOf(from) - 1 || from === 0;
    const short = bottom < now + pane.clientHeight && from + rows.length < view.length;
    // A few times are enough: heights that do not settle may not hold the page up.
    if ((holds && !short) || ++tries.current > 3) tries.current = 0;
    else redraw();
  });

  const stand = useCallback(
    (scrollTop: number) => {
      const at = scrollTop - (topOfRows.current?.offsetHeight ?? 0);
      const index = view.indexAt(Math.max(0, at));
      const row = view.at(index);
      place.current = { order: row?.order ?? 0, delta: at - view.offsetOf(index) };
      model.place = row?.order;
    },
    [view, model],
  );

  const onScroll = () => {
    const pane = scroller.current;
    if (!pane) return;
    const moved = pane.scrollTop - expected.current;
    if (Math.abs(moved) < 1) return; // our own doing, which was noted when it was done
    expected.current = pane.scrollTop;
    const atEnd = pane.scrollHeight - pane.scrollTop - pane.clientHeight < rowHeight * 1.5;
    stand(pane.scrollTop);
    flushSync(() => {
      if (follow && moved < 0 && !atEnd) onFollow(false);
      if (!follow && moved > 0 && atEnd && model.attached) onFollow(true);
      redraw();
    });
    if (moved < 0 && pane.scrollTop < pane.clientHeight) onEdge("start");
    if (moved > 0 && atEnd && !model.attached) onEdge("end");
  };

  // Letting go of the end keeps what was in sight.
  const following = useRef(follow);
  if (following.current !== follow) {
    following.current = follow;
    if (follow) model.place = undefined;
    else if (scroller.current && model.place === undefined) stand(scroller.current.scrollTop);
  }

  useImperativeHandle(props.handle, () => ({
    show: (order) => {
      place.current = { order, delta: -Math.round((size.height - rowHeight) / 2.5) };
      model.place = order;
      redraw();
    },
    scroll: (by, direction) => {
      const pane = scroller.current;
      if (!pane) return;
      if (by === "start") pane.scrollTop = 0;
      else pane.scrollTop += direction * (by === "line" ? rowHeight * 2 : pane.clientHeight - rowHeight * 2);
    },
    focus: () => scroller.current?.focus({ preventScroll: true }),
    top: () => view.at(view.indexAt(Math.max(0, expected.current - headHeight)))?.order ?? 0,
  }));

  const onClick = (event: MouseEvent) => {
    const act = (event.target as Element).closest("[data-act]");
    const order = Number(act?.closest<HTMLElement>("[data-order]")?.dataset.order);
    const row = act ? view.get(order) : undefined;
    if (!act || row?.kind !== "line") return;
    if (act.getAttribute("data-act") === "fold") {
      // What is folded out is to be read: it does not run away.
      onFollow(false);
      fold(model, row);
      redraw();
    } else if (!event.metaKey && !event.ctrlKey) {
      event.preventDefault();
      onLine(row.line.seq, event.shiftKey);
    }
  };

  const onCopy = (event: ClipboardEvent) => {
    const text = block.current ? copiedText(block.current, model) : undefined;
    if (text === undefined) return;
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
  };

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are heard by the whole view
    <div
      ref={scroller}
      role="log"
      aria-live="off"
      aria-label={label}
      tabIndex={0}
      onScroll={onScroll}
      onClick={onClick}
      onMouseDown={(event) => {
        // The keys go on being the pane's.
        if (!(event.target as Element).closest("[data-act=fold]")) return;
        event.preventDefault();
        scroller.current?.focus({ preventScroll: true });
      }}
      onCopy={onCopy}
      className="-outline-offset-2! h-full overflow-auto overscroll-contain bg-log-bg font-mono text-[0.78rem] leading-5 [overflow-anchor:none]"
    >
      <div ref={topOfRows} className="sticky left-0 w-full font-sans">
        {view.length > 0 && head}
      </div>
      {view.length === 0 && <div className="p-6 font-sans text-base text-text-3">{empty}</div>}
      <div ref={spacer} className="relative min-w-full">
        <div ref={block} className={look.wrap ? "absolute inset-x-0" : "absolute min-w-full"}>
          {rows.map((row) => (
            <div key={row.order} data-order={row.order} className="min-h-5">
              <LogRow
                row={row}
                rev={row.rev}
                look={look}
                current={row.order === current}
                marked={marked !== undefined && row.order >= marked.from && row.order <= marked.to}
              />
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

/** Folds a JSON line out or in. */
export function fold(model: LogModel, row: Row): void {
  row.open = !row.open;
  row.rev++;
  model.view.measured(row, rowHeight); // until it is drawn
}

/** Tells the model how high rows are: measured ones hold until the look or the width is another. */
function useSizes(model: LogModel, look: RowLook, cols: number): void {
  const epoch = useRef(0);
  const last = useRef("");
  const made = useRef<{ model: LogModel; sizer: Sizer<Row> }>(undefined);
  const kind = look.wrap ? `wrap ${cols}` : "lines";
  if (made.current?.model === model && last.current === kind) return;
  last.current = kind;
  const sizer: Sizer<Row> = {
    epoch: ++epoch.current,
    estimate: (row) => {
      if (!look.wrap || row.kind !== "line") return rowHeight;
      return rowHeight * Math.max(1, Math.ceil(row.line.text.length / cols));
    },
  };
  made.current = { model, sizer };
  model.setSizer(sizer);
}

/** Asks the browser how high rows are, in one go: where they wrap, and where they are folded out. */
function measureRows(holder: HTMLElement, rows: Row[], model: LogModel, wrap: boolean): void {
  const { view } = model;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as Row;
    if (!wrap && !row.open) continue;
    const height = (holder.children[i] as HTMLElement | undefined)?.offsetHeight ?? 0;
    if (height > 0) view.measured(row, height);
  }
}

function charOf(pane: HTMLElement): number {
  const probe = document.createElement("span");
  probe.className = "absolute invisible whitespace-pre";
  probe.textContent = "0".repeat(100);
  pane.append(probe);
  const width = probe.getBoundingClientRect().width / 100;
  probe.remove();
  return width || 7.5;
}
