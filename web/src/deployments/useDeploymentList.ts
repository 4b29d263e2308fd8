import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { queries } from "@/api/queries";
import { arrange, type DeploymentFilter, type Listed, queryOf } from "./filter";

export interface DeploymentList extends Listed {
  pending: boolean;
  error: unknown;
  retry: () => void;
  /** More is being fetched. */
  busy: boolean;
  /** There are older ones. */
  more: boolean;
  showMore: () => void;
}

/** The deployments of an app, or of all, narrowed by the server; pages that were fetched stay. */
export function useDeploymentList(filter: DeploymentFilter, app?: string): DeploymentList {
  const of = app ?? filter.app;
  const only = queryOf(filter);
  const all = useInfiniteQuery(queries.deployments(of));
  const narrowed = useInfiniteQuery({ ...queries.deployments(of, only ?? {}), enabled: only !== undefined });
  const query = only ? narrowed : all;
  // Those that are held already stand there until the server has answered.
  const held = query.data?.pages ?? (query.error ? undefined : all.data?.pages);
  const people = all.data?.pages;
  const listed = useMemo(() => arrange(held ?? [], filter, people), [held, filter, people]);
  return {
    ...listed,
    pending: query.isPending,
    error: query.error,
    retry: () => void query.refetch(),
    busy: query.isFetchingNextPage,
    more: query.hasNextPage,
    showMore: () => void query.fetchNextPage(),
  };
}
