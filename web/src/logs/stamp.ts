import { duration } from "@/lib/time";

const day = 86_400_000;
const two = (n: number) => (n < 10 ? `0${n}` : `${n}`);

/** "14:03:22.123" for a line of the last half day, "11-20 14:03:22" before; made by hand, because logs need thousands. */
export function stamp(time: string, now: number): string {
  const d = new Date(time);
  const clock = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  if (now - d.getTime() > day / 2) return `${two(d.getMonth() + 1)}-${two(d.getDate())} ${clock}`;
  const ms = d.getMilliseconds();
  return `${clock}.${ms < 10 ? "00" : ms < 100 ? "0" : ""}${ms}`;
}

/** How long ago, in the fewest characters: "4 s", "3 m 05 s", "2 h 04 m". */
export function sinceWords(time: string, now: number): string {
  const passed = Math.max(0, now - new Date(time).getTime());
  return duration(Math.max(1000, Math.floor(passed / 1000) * 1000)).replace(/^(\d+)\.0 /, "$1 ");
}
