// What a page costs: the processor's time that its main thread takes, which is
// the same however busy the machine is with other things; and what somebody sees
// of it, which is not: the time between frames, and tasks of more than 50 ms.
import { readFile } from "node:fs/promises";

const long = 50; // milliseconds

/** Measures a page while something is done; gives the figures of that time. */
export async function measure(page, act) {
  const stop = await trace(page);
  await page.evaluate(() => {
    const noted = { frames: [], tasks: [], going: true };
    window.noted = noted;
    noted.observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) noted.tasks.push(duration);
    });
    noted.observer.observe({ type: "longtask" });
    let last = performance.now();
    const frame = (now) => {
      noted.frames.push(now - last);
      last = now;
      if (noted.going) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const began = Date.now();
  const result = await act();
  const seconds = (Date.now() - began) / 1000;
  const { frames, tasks } = await page.evaluate(() => {
    window.noted.going = false;
    window.noted.observer.disconnect();
    return { frames: window.noted.frames, tasks: window.noted.tasks };
  });
  frames.sort((a, b) => a - b);
  const at = (share) =>
    Math.round(frames[Math.min(frames.length - 1, Math.floor(frames.length * share))] ?? 0);
  return {
    result,
    seconds,
    framesASecond: Math.round(frames.length / seconds),
    median: at(0.5),
    p95: at(0.95),
    worst: at(1),
    longTasks: tasks.length,
    longest: Math.round(Math.max(0, ...tasks)),
    cpu: await stop(),
  };
}

/**
 * Traces the main thread of a page. What it gives ends that, and gives the
 * processor's time of its tasks in milliseconds: {sum, long, longest}.
 */
export async function trace(page) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: {
      recordMode: "recordContinuously",
      includedCategories: ["disabled-by-default-devtools.timeline"],
    },
  });
  return async () => {
    const whole = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
    await session.send("Tracing.end");
    const { dataLossOccurred } = await whole;
    await session.detach();
    if (dataLossOccurred) throw new Error("the trace is not whole");
    const thread = ({ pid, tid }) => `${pid} ${tid}`;
    const main = new Set(
      events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(thread),
    );
    const tasks = events
      .filter((event) => event.name === "RunTask" && event.tdur !== undefined && main.has(thread(event)))
      .map(({ tdur }) => tdur / 1000);
    if (tasks.length === 0) throw new Error("the trace holds no task");
    return {
      sum: Math.round(tasks.reduce((sum, one) => sum + one, 0)),
      long: tasks.filter((one) => one > long).length,
      longest: Math.round(Math.max(...tasks)),
    };
  };
}

/** Says, when it is asked, how much of the machine's processors was idle since: 0 to 1. */
export async function idleness() {
  const read = async () => {
    const times = (await readFile("/proc/stat", "utf8"))
      .split("\n")[0]
      .trim()
      .split(/\s+/)
      .slice(1)
      .map(Number);
    return { idle: times[3] + times[4], all: times.reduce((sum, one) => sum + one, 0) };
  };
  const before = await read();
  return async () => {
    const after = await read();
    return (after.idle - before.idle) / Math.max(1, after.all - before.all);
  };
}

/** What a page holds once nothing is left to collect: {megabytes, elements}. */
export async function weigh(page) {
  const session = await page.context().newCDPSession(page);
  try {
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    const elements = await page.evaluate(() => document.getElementsByTagName("*").length);
    return { megabytes: Math.round(usedSize / (1 << 20)), elements };
  } finally {
    await session.detach();
  }
}

/** Prints rows of a table whose first one names the columns. */
export function table(title, rows) {
  const cells = rows.map((row) => row.map(String));
  const widths = cells[0].map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  const line = (row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ");
  console.log(`\n${title}\n${cells.map(line).join("\n")}\n`);
}
