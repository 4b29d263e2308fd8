// What a page costs: the time between its frames, the tasks that kept it busy
// for more than 50 ms, its memory and its size.

/** Measures a page while something is done; gives the figures of that time. */
export async function measure(page, act) {
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
