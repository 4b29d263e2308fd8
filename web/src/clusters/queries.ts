import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/client";
import { keys } from "@/api/queries";

// What is measured changes without an event.
const gently = 15_000;

export const clusterQueries = {
  list: () =>
    queryOptions({
      queryKey: keys.clusters,
      queryFn: api.clusters,
      select: (page) => page.items,
    }),
  one: (name: string) =>
    queryOptions({
      queryKey: [...keys.clusters, name] as const,
      queryFn: () => api.cluster(name),
    }),
};

/** For pages that are about clusters: they ask again now and then. */
export const watched = { refetchInterval: gently, staleTime: 0 } as const;
