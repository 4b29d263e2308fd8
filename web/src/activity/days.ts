import type { Event } from "@/api/types";
import { currentLanguage, t } from "@/i18n";

export interface Day {
  /** Any moment of it. */
  when: string;
  events: Event[];
}

const dayOf = (when: string | number) => new Date(when).toDateString();

/** Puts events, which are in order of time, under the days of the reader's zone; each event once. */
export function byDay(events: readonly Event[]): Day[] {
  const days: Day[] = [];
  const seen = new Set<string>();
  let last = "";
  for (const event of events) {
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    const day = dayOf(event.created_at);
    if (day !== last) days.push({ when: event.created_at, events: [] });
    days.at(-1)?.events.push(event);
    last = day;
  }
  return days;
}

/** "Today", "Yesterday", "Friday, 20 November", with the year when it is another. */
export function dayWords(when: string, now: number): string {
  const yesterday = new Date(now);
  yesterday.setDate(yesterday.getDate() - 1);
  if (dayOf(when) === dayOf(now)) return t("activity.today");
  if (dayOf(when) === yesterday.toDateString()) return t("activity.yesterday");
  const day = new Date(when);
  const year = day.getFullYear() === new Date(now).getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(currentLanguage(), {
    weekday: "long",
    day: "numeric",
    month: "long",
    year,
  }).format(day);
}

let clock: { language: string; format: Intl.DateTimeFormat } | undefined;

/** "14:03", as the reader's language writes it; its format is kept, because lists need hundreds. */
export function minuteOfDay(when: string): string {
  const language = currentLanguage();
  if (clock?.language !== language) {
    clock = { language, format: new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }) };
  }
  return clock.format.format(new Date(when));
}
