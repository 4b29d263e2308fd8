import { useEffect, useState } from "react";
import { currentLanguage, num, t } from "@/i18n";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Keeps what is dear to make, until another language is shown: lists format thousands of times. */
function perLanguage<T>(make: (language: string) => T): () => T {
  let made: { language: string; format: T } | undefined;
  return () => {
    const language = currentLanguage();
    if (made?.language !== language) made = { language, format: make(language) };
    return made.format;
  };
}

const relative = perLanguage(
  (language) => new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" }),
);
const exact = perLanguage(
  (language) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "long" }),
);
const date = perLanguage((language) => new Intl.DateTimeFormat(language, { dateStyle: "medium" }));

/** "3 minutes ago", in the reader's language. */
export function ago(when: string | number | Date, now = Date.now()): string {
  const passed = now - new Date(when).getTime();
  const far = Math.abs(passed);
  if (far < 10_000) return t("time.now");
  const words = relative();
  if (far < minute) return words.format(-Math.round(passed / 1000), "second");
  if (far < hour) return words.format(-Math.round(passed / minute), "minute");
  if (far < day) return words.format(-Math.round(passed / hour), "hour");
  if (far < 30 * day) return words.format(-Math.round(passed / day), "day");
  return date().format(new Date(when));
}

/** The full date and time, with the zone. */
export function exactly(when: string | number | Date): string {
  return exact().format(new Date(when));
}

/** "14:03:22", as the reader's language writes it. */
export function timeOfDay(when: string | number | Date): string {
  return new Date(when).toLocaleTimeString(currentLanguage(), { timeStyle: "medium" });
}

/** "850 ms", "4.2 s", "3 m 05 s", "2 h 04 m". */
export function duration(ms: number): string {
  if (ms < 0) return duration(0);
  if (ms < 1000) return t("time.ms", { n: Math.round(ms) });
  if (ms < 10_000) return t("time.s", { n: num(Math.floor(ms / 100) / 10, 1) });
  if (ms < minute) return t("time.s", { n: Math.floor(ms / 1000) });
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  if (ms < hour) return t("time.m_s", { m: Math.floor(ms / minute), s: two((ms % minute) / 1000) });
  return t("time.h_m", { h: Math.floor(ms / hour), m: two((ms % hour) / minute) });
}

/** "14:03:22.123" in the reader's zone; made by hand, because logs need thousands. */
export function clock(when: string): string {
  const d = new Date(when);
  const two = (n: number) => (n < 10 ? `0${n}` : `${n}`);
  const ms = d.getMilliseconds();
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${ms < 10 ? "00" : ms < 100 ? "0" : ""}${ms}`;
}

/** The time now, again every so many milliseconds while it is wanted. */
export function useNow(every: number, wanted = true): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!wanted) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every, wanted]);
  return now;
}
