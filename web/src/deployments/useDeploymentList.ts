import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { queries } from "@/api/queries";
import { arrange, type DeploymentFilter, isFiltering, type Listed } from "./filter";

// The API lists, this narrows: so many matches are looked for at once, in so
// many pages at most before somebody is asked whether to go on.
const wanted = 25;
const pagesAtOnce = 8;

export interface DeploymentList extends Listed {
  pending: boolean;
  error: unknown;
  retry: () => void;
  /** More is being fetched. */
  busy: boolean;
  /** There are older ones that were not looked at. */
  more: boolean;
  showMore: () => void;
}

/** The deployments of an app, or of all, narrowed; pages that were fetched stay. */
export function useDeploymentList(filter: DeploymentFilter, app?: string): DeploymentList {
  const query = useInfiniteQuery(queries.deployments(app ?? filter.app));
  const held = query.data?.pages;
  const listed = useMemo(() => arrange(held ?? [], filter), [held, filter]);
  const pages = held?.length ?? 0;
  const found = listed.running.length + listed.over.length;

  // How far to look by itself; another filter begins anew.
  const key = JSON.stringify(filter);
  const [goal, setGoal] = useState({ key, matches: wanted, pages: pagesAtOnce });
  if (goal.key !== key) setGoal({ key, matches: wanted, pages: Math.max(pages, pagesAtOnce) });
  const search = isFiltering({ ...filter, app: undefined });
  const looks = search && query.hasNextPage && !query.isError && found < goal.matches && pages < goal.pages;
  const { fetchNextPage, isFetching } = query;
  useEffect(() => {
    // Each page that came asks for the next one.
    if (looks && !isFetching && pages > 0) void fetchNextPage();
  }, [looks, isFetching, pages, fetchNextPage]);

  return {
    ...listed,
    pending: query.isPending,
    error: query.error,
    retry: () => void query.refetch(),
    busy: query.isFetchingNextPage || looks,
    more: query.hasNextPage,
    showMore: () => {
      setGoal({ key, matches: found + wanted, pages: pages + pagesAtOnce });
      void fetchNextPage();
    },
  };
}
