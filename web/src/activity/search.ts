/** What the address of the activity page narrows it to: one app, one person, one action or kind of them. */
export interface ActivitySearch {
  app?: string;
  by?: string;
  action?: string;
}

const word = (value: unknown, most: number) =>
  typeof value === "string" && value !== "" && value.length <= most ? value : undefined;

/** Reads it from an address; what the API would not take is left out. */
export function activitySearch(search: Record<string, unknown>): ActivitySearch {
  return { app: word(search.app, 100), by: word(search.by, 320), action: word(search.action, 100) };
}

export function isNarrowed(search: ActivitySearch): boolean {
  return Boolean(search.app || search.by || search.action);
}
