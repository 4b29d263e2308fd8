import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/client";
import { keys } from "@/api/queries";
import type { Range } from "./model";

// The server has something new every ten seconds; a step of a longer range takes longer.
const every: Record<Range, number> = { "1h": 10_000, "6h": 30_000, "24h": 60_000 };

export const metricsQueries = {
  app: (app: string, range: Range) =>
    queryOptions({
      queryKey: [...keys.app(app), "metrics", range] as const,
      queryFn: ({ signal }) => api.metrics(app, range, signal),
      refetchInterval: every[range],
      staleTime: 5000,
    }),
  recent: () =>
    queryOptions({
      queryKey: ["metrics", "recent"] as const,
      queryFn: ({ signal }) => api.recentMetrics(signal),
      refetchInterval: 20_000,
      staleTime: 5000,
    }),
};
