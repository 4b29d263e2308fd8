import { type InfiniteData, infiniteQueryOptions } from "@tanstack/react-query";
import { api } from "@/api/client";
import { keys } from "@/api/queries";
import type { Event, Page } from "@/api/types";
import type { ActivitySearch } from "./search";

type Held = InfiniteData<Page<Event>, string>;

/**
 * Puts what is new before the first page that is held. Events never change, so
 * whatever follows stays as it is, and its cursors too. When the two do not
 * meet, or differ where they do, the fresh page stands alone.
 */
export function joined(fresh: Page<Event>, held: Page<Event> | undefined): Page<Event> {
  const newest = held?.items[0];
  if (!held || !newest) return fresh;
  const at = fresh.items.findIndex((event) => event.id === newest.id);
  if (at < 0) return fresh;
  const alike = fresh.items.slice(at).every((event, i) => held.items[i]?.id === event.id);
  if (!alike) return fresh;
  return { items: [...fresh.items.slice(0, at), ...held.items], next_cursor: held.next_cursor };
}

/** The events that a search leaves, newest first; a refetch asks for what is new only. */
export function activityQuery(search: ActivitySearch) {
  const queryKey = [...keys.events, search] as const;
  return infiniteQueryOptions({
    queryKey,
    queryFn: async ({ client, pageParam }) => {
      const held = client.getQueryData<Held>(queryKey);
      const older = pageParam !== "" ? held?.pages[held.pageParams.indexOf(pageParam)] : undefined;
      if (older) return older;
      const page = await api.events(search.app, pageParam, { actor: search.by, action: search.action });
      return pageParam === "" ? joined(page, held?.pages[0]) : page;
    },
    initialPageParam: "",
    getNextPageParam: (last: Page<Event>) => last.next_cursor || undefined,
  });
}
