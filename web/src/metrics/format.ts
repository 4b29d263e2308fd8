import { currentLanguage, t } from "@/i18n";
import type { Unit } from "./model";

function number(n: number, digits: number): string {
  return new Intl.NumberFormat(currentLanguage(), { maximumFractionDigits: digits }).format(n);
}

// Three digits say enough; small numbers need theirs after the point.
function digits(n: number): number {
  const size = Math.abs(n);
  return size >= 100 ? 0 : size >= 10 ? 1 : 2;
}

const KiB = 1024;

function bytes(n: number): string {
  if (n < KiB) return t("metrics.bytes", { n: number(n, 0) });
  if (n < KiB ** 2) return t("metrics.kib", { n: number(n / KiB, 0) });
  if (n < KiB ** 3) return t("metrics.mib", { n: number(n / KiB ** 2, n < 10 * KiB ** 2 ? 1 : 0) });
  return t("metrics.gib", { n: number(n / KiB ** 3, 2) });
}

function percent(n: number): string {
  return new Intl.NumberFormat(currentLanguage(), {
    style: "percent",
    maximumFractionDigits: n >= 10 ? 0 : n >= 1 ? 1 : 2,
  }).format(n / 100);
}

function milliseconds(n: number): string {
  if (n >= 1000) return t("time.s", { n: number(n / 1000, digits(n / 1000)) });
  return t("time.ms", { n: number(n, n >= 10 ? 0 : 1) });
}

/** A figure with its unit; a dash for what is not known. */
export function figure(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined) return "–";
  switch (unit) {
    case "rate":
      return t("metrics.per_second", { n: number(value, digits(value)) });
    case "ms":
      return milliseconds(value);
    case "percent":
      return percent(value);
    case "cores":
      return t("metrics.cores", { n: number(value, value >= 1 ? 2 : 3) });
    case "bytes":
      return bytes(value);
  }
}

/** The same beside a graph, where room is short. */
export function tick(value: number, unit: Unit): string {
  switch (unit) {
    case "rate":
      return number(value, 2);
    case "cores":
      return number(value, 3);
    default:
      return figure(value, unit);
  }
}

/** "14:03" in the reader's zone, with seconds where steps are short. */
export function hour(time: number, seconds = false): string {
  return new Intl.DateTimeFormat(currentLanguage(), {
    hour: "2-digit",
    minute: "2-digit",
    second: seconds ? "2-digit" : undefined,
    hourCycle: "h23",
  }).format(time * 1000);
}

/** A number of requests: 1,204 or 12.3K. */
export function count(n: number): string {
  return new Intl.NumberFormat(currentLanguage(), {
    notation: n >= 10_000 ? "compact" : "standard",
    maximumFractionDigits: n >= 10_000 ? 1 : 0,
  }).format(n);
}
