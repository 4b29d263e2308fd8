import { type PointerEvent, useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { type Cursor, stepOf } from "./cursor";
import { hour, tick } from "./format";
import type { Mark } from "./marks";
import type { Graph } from "./model";
import { type Palette, readPalette, usePaletteKey } from "./palette";
import { limitShown, lonely, plotLeft, plotRight, ticksOf, topOf } from "./scale";

export interface PlotProps {
  graph: Graph;
  times: number[];
  marks: Mark[];
  cursor: Cursor;
  /** CSS pixels. */
  height: number;
}

/** What is drawn; uPlot asks for it each time it draws. */
type Drawn = Pick<PlotProps, "graph" | "times" | "marks">;

/** The canvas of one graph. It is made anew for other lines or another theme, and only fed otherwise. */
export default function Plot({ graph, times, marks, cursor, height }: PlotProps) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const drawn = useRef<Drawn>({ graph, times, marks });
  drawn.current = { graph, times, marks };
  const palette = usePaletteKey();
  const lines = graph.lines.map((line) => `${line.key} ${line.color}`).join();

  // biome-ignore lint/correctness/useExhaustiveDependencies: other lines or colours are another plot; figures are fed below
  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const made = new uPlot(
      options(drawn, readPalette(), element.clientWidth, height),
      columns(drawn.current),
      element,
    );
    plot.current = made;
    const follow = () => pointAt(made, drawn.current.times, cursor.get()?.time);
    follow();
    const unsubscribe = cursor.subscribe(follow);
    const resized = new ResizeObserver(() => {
      if (element.clientWidth > 0 && element.clientWidth !== made.width) {
        made.setSize({ width: element.clientWidth, height });
        follow();
      }
    });
    resized.observe(element);
    return () => {
      resized.disconnect();
      unsubscribe();
      made.destroy();
      plot.current = undefined;
    };
  }, [lines, palette, height, cursor]);

  useEffect(() => {
    plot.current?.setData(columns({ graph, times, marks }));
    if (plot.current) pointAt(plot.current, times, cursor.get()?.time);
  }, [graph, times, marks, cursor]);

  const point = (event: PointerEvent) => {
    const u = plot.current;
    if (!u) return;
    const at = u.posToIdx(event.clientX - u.over.getBoundingClientRect().left);
    const time = drawn.current.times[at];
    if (time !== undefined) cursor.set({ time, graph: graph.name });
  };
  return (
    <div
      ref={holder}
      className="absolute inset-0 [&_.u-cursor-x]:border-border-strong!"
      onPointerDown={point}
      onPointerMove={point}
      // A finger that is lifted leaves; what it pointed at stays until another place is touched.
      onPointerLeave={(e) => e.pointerType !== "touch" && cursor.set(undefined)}
    />
  );
}

function columns({ graph, times }: Drawn): uPlot.AlignedData {
  return [times, ...graph.lines.map((line) => line.values)] as uPlot.AlignedData;
}

function pointAt(u: uPlot, times: number[], time: number | undefined): void {
  const step = time === undefined ? undefined : stepOf(times, time);
  const at = step === undefined ? undefined : times[step];
  u.setCursor({ left: at === undefined ? -10 : u.valToPos(at, "x"), top: at === undefined ? -10 : 0 }, false);
}

function options(drawn: { current: Drawn }, palette: Palette, width: number, height: number): uPlot.Options {
  const { graph } = drawn.current;
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const axis: uPlot.Axis = {
    stroke: palette.faint,
    font,
    grid: { stroke: palette.grid, width: 1 },
    ticks: { show: false },
  };
  const none = () => null;
  return {
    width,
    height,
    padding: [14, plotRight, 0, 0],
    legend: { show: false },
    // Where one points is said by the cursor that all graphs share.
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 7 },
      bind: {
        mousemove: none,
        mousedown: none,
        mouseup: none,
        mouseenter: none,
        mouseleave: none,
        click: none,
        dblclick: none,
      },
    },
    scales: { x: { time: true }, y: { range: () => [0, topOf(drawn.current.graph)] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 24,
        gap: 4,
        space: 64,
        values: (_, at) => at.map((time) => hour(time)),
      },
      {
        ...axis,
        size: plotLeft,
        gap: 6,
        splits: (_, __, ___, top) => ticksOf(top, graph.unit),
        values: (_, at) => at.map((value) => tick(value, graph.unit)),
      },
    ],
    series: [
      {},
      ...graph.lines.map((line): uPlot.Series => {
        const color = palette.line(line.color);
        return {
          stroke: color,
          width: 1.5,
          dash: line.dash ? [5, 4] : undefined,
          fill: line.area ? `color-mix(in srgb, ${color} 14%, transparent)` : undefined,
          points: {
            show: false,
            size: 4,
            fill: color,
            filter: (u, series) => lonely((u.data[series] ?? []) as (number | null)[]),
          },
        };
      }),
    ],
    hooks: {
      draw: [
        (u) => drawMarks(u, drawn.current.marks, palette, font),
        (u) => drawLimit(u, drawn.current.graph, palette),
      ],
    },
  };
}

/** A vertical line for each deployment, with the version where there is room for it. */
function drawMarks(u: uPlot, marks: Mark[], palette: Palette, font: string): void {
  const { ctx } = u;
  const { left, top, width, height } = u.bbox;
  const dpr = devicePixelRatio;
  ctx.save();
  ctx.font = font.replace("11px", `${10 * dpr}px`);
  ctx.textBaseline = "bottom";
  ctx.lineWidth = dpr;
  let free = left - 1;
  for (const mark of marks) {
    const x = Math.round(u.valToPos(mark.at, "x", true)) + 0.5;
    if (x < left || x > left + width) continue;
    const color = mark.version > 0 ? palette.text : palette.line("chart-bad");
    ctx.strokeStyle = color;
    ctx.fillStyle = color;
    ctx.globalAlpha = 0.55;
    ctx.setLineDash(mark.version > 0 ? [] : [3 * dpr, 3 * dpr]);
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
    const text = mark.version > 0 ? `v${mark.version}` : "×";
    const wide = ctx.measureText(text).width;
    const start = Math.max(left, Math.min(x - wide / 2, left + width - wide));
    if (start > free) {
      ctx.globalAlpha = 0.9;
      ctx.fillText(text, start, top - dpr);
      free = start + wide + 3 * dpr;
    }
  }
  ctx.restore();
}

function drawLimit(u: uPlot, graph: Graph, palette: Palette): void {
  const shown = u.scales.y?.max ?? 0;
  const most = Math.max(0, ...graph.lines.flatMap((line) => line.values.map((v) => v ?? 0)));
  if (graph.limit === undefined || !limitShown(graph, most) || graph.limit > shown) return;
  const { ctx } = u;
  const { left, width } = u.bbox;
  const y = Math.round(u.valToPos(graph.limit, "y", true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = palette.line("chart-bad");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(left, y);
  ctx.lineTo(left + width, y);
  ctx.stroke();
  ctx.restore();
}
