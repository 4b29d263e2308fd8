export const ways = ["push", "git", "image", "example"] as const;
export type Way = (typeof ways)[number];

/** What is to be made, and once it is made, the app whose first deployment is watched. */
export interface NewAppSearch {
  way?: Way;
  name?: string;
  app?: string;
  example?: string;
}

const word = (value: unknown) =>
  typeof value === "string" && value !== "" && value.length <= 100 ? value : undefined;

export function newAppSearch(search: Record<string, unknown>): NewAppSearch {
  return {
    way: ways.find((way) => way === search.way),
    name: word(search.name),
    app: word(search.app),
    example: word(search.example),
  };
}
