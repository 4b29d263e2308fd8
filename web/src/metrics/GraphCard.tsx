import { type ComponentType, type KeyboardEvent, lazy, Suspense, useId } from "react";
import { Skeleton } from "@/components/ui/feedback";
import { askedBy, deploymentWords } from "@/deployments/words";
import { t, tWord } from "@/i18n";
import { cx } from "@/lib/cx";
import { type Cursor, moved, stepOf, usePointed } from "./cursor";
import { figure, hour } from "./format";
import { type Mark, marksNear } from "./marks";
import { type Graph, type Line, latest } from "./model";
import type { PlotProps } from "./Plot";
import { peakOf, plotLeft, plotRight } from "./scale";

// uPlot comes with the first graph. Without it the figures are still said in words and in the table.
const Plot = lazy(
  (): Promise<{ default: ComponentType<PlotProps> }> =>
    import("./Plot").catch(() => import("./Plot")).catch(() => ({ default: NoPlot })),
);

function NoPlot() {
  return (
    <p className="absolute inset-0 grid place-items-center text-sm text-text-3">{t("metrics.no_plot")}</p>
  );
}

// So many lines have a name of their own under a graph; more would be no legend any more.
const named = 6;

interface GraphCardProps {
  graph: Graph;
  times: number[];
  stepSeconds: number;
  marks: Mark[];
  cursor: Cursor;
  /** What stands over it when there is nothing to draw. */
  empty: string;
  height?: number;
  className?: string;
}

/** One graph with its legend, which tells the figures where the reader points, or the newest. */
export function GraphCard({
  graph,
  times,
  stepSeconds,
  marks,
  cursor,
  empty,
  height = 150,
  className,
}: GraphCardProps) {
  const id = useId();
  const pointed = usePointed(cursor);
  const step = pointed && stepOf(times, pointed.time);
  const here = pointed?.graph === graph.name && step !== undefined;
  const near =
    step === undefined ? [] : marksNear(marks, (times[step] ?? 0) + stepSeconds / 2, nearness(times));
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      cursor.set(undefined);
      return;
    }
    const to = moved(event.key, step, times.length);
    const time = to === undefined ? undefined : times[to];
    if (time === undefined) return;
    event.preventDefault();
    cursor.set({ time, graph: graph.name });
  };
  return (
    <figure className={cx("min-w-0", className)}>
      <figcaption className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-0.5">
        <h3 id={`${id}-title`} className="font-medium">
          {tWord("graph", graph.name)}
        </h3>
        <Legend graph={graph} step={step} stepSeconds={stepSeconds} />
      </figcaption>
      <div
        role="slider"
        tabIndex={0}
        aria-labelledby={`${id}-title`}
        aria-describedby={`${id}-keys`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, times.length - 1)}
        aria-valuenow={step ?? Math.max(0, times.length - 1)}
        aria-valuetext={valueText(graph, times, step, near)}
        className="relative mt-1 touch-pan-y rounded-sm"
        style={{ height }}
        onKeyDown={onKeyDown}
        onBlur={() => cursor.set(undefined)}
      >
        <Suspense fallback={<Skeleton className="h-full" />}>
          <Plot graph={graph} times={times} marks={marks} cursor={cursor} height={height} />
        </Suspense>
        {empty && (
          <p className="pointer-events-none absolute inset-0 grid place-items-center pb-4 pl-12 text-sm text-text-3">
            <span className="rounded-sm bg-surface px-2">{empty}</span>
          </p>
        )}
        {here && <Tip graph={graph} times={times} step={step} near={near} seconds={stepSeconds < 60} />}
      </div>
      <span id={`${id}-keys`} className="sr-only">
        {t("metrics.keys")}
      </span>
    </figure>
  );
}

/** How many seconds to either side of where one points a deployment is told of. */
function nearness(times: number[]): number {
  return Math.max(1, (times.at(-1) ?? 0) - (times[0] ?? 0)) / 90;
}

function lineName(line: Line): string {
  return line.label ?? tWord("line", line.key);
}

function at(line: Line, step: number | undefined, stepSeconds: number): number | null {
  if (step !== undefined) return line.values[step] ?? null;
  return latest(line.values, Math.max(2, Math.round(60 / stepSeconds)));
}

function Legend({
  graph,
  step,
  stepSeconds,
}: {
  graph: Graph;
  step: number | undefined;
  stepSeconds: number;
}) {
  const running = graph.lines.filter(
    (line) => line.label === undefined || at(line, step, stepSeconds) !== null,
  );
  const shown = running.slice(0, named);
  const peak = peakOf(graph);
  return (
    <ul className="flex flex-wrap gap-x-3 text-sm text-text-2 tabular-nums" aria-label={t("metrics.legend")}>
      {shown.map((line) => (
        <li key={line.key} className="inline-flex items-center gap-1.5 whitespace-nowrap">
          <Swatch line={line} />
          {(graph.lines.length > 1 || line.label) && <span className="text-text-3">{lineName(line)}</span>}
          <span className="text-text">{figure(at(line, step, stepSeconds), graph.unit)}</span>
        </li>
      ))}
      {running.length > named && (
        <li className="text-text-3">{t("metrics.more", { n: running.length - named })}</li>
      )}
      {peak !== undefined && (
        <li className="text-text-3">{t("metrics.peak", { peak: figure(peak, graph.unit) })}</li>
      )}
      {graph.limit !== undefined && (
        <li className="text-text-3">{t("metrics.limit", { limit: figure(graph.limit, graph.unit) })}</li>
      )}
    </ul>
  );
}

function Swatch({ line }: { line: Line }) {
  return (
    <span
      aria-hidden
      className="inline-block h-0.5 w-3 rounded-full"
      style={{
        background: line.dash
          ? `repeating-linear-gradient(90deg, var(--${line.color}) 0 4px, transparent 4px 6px)`
          : `var(--${line.color})`,
      }}
    />
  );
}

interface TipProps {
  graph: Graph;
  times: number[];
  step: number;
  near: Mark[];
  seconds: boolean;
}

/** What is known of the step pointed at, beside it. */
function Tip({ graph, times, step, near, seconds }: TipProps) {
  const part = times.length > 1 ? step / (times.length - 1) : 0;
  const left = part < 0.5;
  const drawn = `(100% - ${plotLeft + plotRight}px)`;
  return (
    <div
      aria-hidden
      className="pointer-events-none absolute top-3 z-10 max-w-[70%] rounded-md border bg-surface/95 px-2.5 py-1.5 text-xs shadow-2"
      style={
        left
          ? { left: `calc(${plotLeft + 10}px + ${drawn} * ${part})` }
          : { right: `calc(${plotRight + 10}px + ${drawn} * ${1 - part})` }
      }
    >
      <p className="font-medium tabular-nums">{hour(times[step] ?? 0, seconds)}</p>
      <ul className="tabular-nums">
        {graph.lines.slice(0, named).map((line) => (
          <li key={line.key} className="flex items-center gap-1.5 whitespace-nowrap">
            <Swatch line={line} />
            <span className="text-text-2">{lineName(line)}</span>
            <span className="ml-auto pl-2">{figure(line.values[step], graph.unit)}</span>
          </li>
        ))}
      </ul>
      {near.map((mark) => (
        <p key={mark.number} className={cx("mt-1 border-t pt-1", mark.version === 0 && "text-bad")}>
          <span className="font-medium">{markWords(mark)}</span>
          <span className="block truncate text-text-2">
            {deploymentWords(mark.deployment)} · {askedBy(mark.deployment)}
          </span>
        </p>
      ))}
    </div>
  );
}

function markWords(mark: Mark): string {
  return mark.version > 0
    ? t("metrics.mark_live", { v: mark.version, time: hour(mark.at, true) })
    : t("metrics.mark_failed", { n: mark.number, time: hour(mark.at, true) });
}

function valueText(graph: Graph, times: number[], step: number | undefined, near: Mark[]): string {
  const chosen = step ?? times.length - 1;
  const time = times[chosen];
  if (time === undefined) return "–";
  const words = graph.lines
    .slice(0, named)
    .map((line) => `${lineName(line)} ${figure(line.values[chosen], graph.unit)}`);
  return [hour(time, true), ...words, ...near.map(markWords)].join(", ");
}
