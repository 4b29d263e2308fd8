import type { InfiniteData } from "@tanstack/react-query";
import { type Deployment, type Page, terminal } from "./types";

/**
 * A page of deployments that is held already and cannot have changed: all of it
 * is over, and what is over never changes. So a long list asks anew only for
 * what still moves. The first page is always asked for: new ones come there.
 */
export function settledPage(
  held: InfiniteData<Page<Deployment>, string> | undefined,
  cursor: string,
): Page<Deployment> | undefined {
  if (cursor === "") return undefined;
  const page = held?.pages[held.pageParams.indexOf(cursor)];
  return page?.items.every((d) => terminal(d.state)) ? page : undefined;
}
