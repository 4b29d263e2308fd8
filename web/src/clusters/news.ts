import { useQueryClient } from "@tanstack/react-query";
import { useRouteContext } from "@tanstack/react-router";
import { useEffect } from "react";
import { keys } from "@/api/queries";
import type { LiveFrame } from "@/api/types";

const topics = new Set(["instance", "deployment", "release", "app"]);

/** The shortest time between two looks, and how much longer one lasts than it took to fetch. */
const shortest = 1000;
const longer = 8;

/** How long to wait before the next look, given how long the last one took to come. */
export function restFor(took: number): number {
  return Math.min(15_000, Math.max(shortest, longer * took));
}

/**
 * Has what is shown of clusters follow what happens on them. A deployment brings
 * many events, and a large cluster is a long answer: it is asked for once in a
 * while, and once more after the last event.
 */
export function useClusterNews(): void {
  const client = useQueryClient();
  const live = useRouteContext({ from: "__root__", select: (context) => context.live });
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    let rest = shortest;
    const look = async () => {
      const began = performance.now();
      await client.invalidateQueries({ queryKey: keys.clusters });
      rest = restFor(performance.now() - began);
      timer = undefined;
      if (again && !ended) soon();
      again = false;
    };
    let again = false;
    const soon = () => {
      if (timer === undefined) timer = setTimeout(() => void look(), rest);
      else again = true;
    };
    const end = live.onEvent((event: LiveFrame) => {
      if (topics.has(event.topic ?? "")) soon();
    });
    return () => {
      ended = true;
      end();
      clearTimeout(timer);
    };
  }, [client, live]);
}
