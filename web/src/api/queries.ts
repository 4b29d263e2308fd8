import { experimental_streamedQuery, infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, type DeploymentQuery } from "./client";
import { settledPage } from "./settled";
import type { App, Page } from "./types";

/**
 * The keys of what is cached. Everything about one app starts with
 * ["app", name], so that one event can make all or part of it stale.
 */
export const keys = {
  session: ["session"] as const,
  setup: ["setup"] as const,
  status: ["status"] as const,
  sessions: ["sessions"] as const,
  tokens: ["tokens"] as const,
  users: ["users"] as const,
  invitations: ["invitations"] as const,
  apps: ["apps"] as const,
  space: ["space"] as const,
  clusters: ["clusters"] as const,
  deployments: ["deployments"] as const,
  events: ["events"] as const,
  app: (app: string) => ["app", app] as const,
  /** Of the mutation that destroys an app. */
  destroying: (app: string) => ["destroying", app] as const,
  part: (app: string, part: AppPart) => ["app", app, part] as const,
};

export type AppPart =
  | "self"
  | "config"
  | "domains"
  | "volumes"
  | "instances"
  | "releases"
  | "deployments"
  | "deployment"
  | "plan"
  | "events";

const pages = {
  initialPageParam: "",
  getNextPageParam: (last: Page<unknown>) => last.next_cursor || undefined,
};

/**
 * All apps, however many pages they take: the first page is shown while the
 * others are on their way, and a later fetch takes the place of all at once.
 */
const everyApp = experimental_streamedQuery<App[], App[]>({
  streamFn: async function* () {
    let cursor = "";
    do {
      const page = await api.apps(cursor);
      yield page.items;
      cursor = page.next_cursor;
    } while (cursor);
  },
  refetchMode: "replace",
  reducer: (all, items) => [...all, ...items],
  initialValue: [],
});

export const queries = {
  session: () => queryOptions({ queryKey: keys.session, queryFn: api.session, staleTime: 5 * 60_000 }),
  setup: () => queryOptions({ queryKey: keys.setup, queryFn: api.setup }),
  status: () => queryOptions({ queryKey: keys.status, queryFn: api.status }),
  sessions: () => queryOptions({ queryKey: keys.sessions, queryFn: api.sessions }),
  tokens: () => queryOptions({ queryKey: keys.tokens, queryFn: api.tokens }),
  users: () => queryOptions({ queryKey: keys.users, queryFn: api.users }),
  invitations: () => queryOptions({ queryKey: keys.invitations, queryFn: api.invitations }),
  apps: () => queryOptions({ queryKey: keys.apps, queryFn: everyApp }),
  events: (app?: string) =>
    infiniteQueryOptions({
      queryKey: app ? keys.part(app, "events") : keys.events,
      queryFn: ({ pageParam }) => api.events(app, pageParam),
      ...pages,
    }),

  examples: () =>
    queryOptions({ queryKey: ["examples"], queryFn: api.examples, staleTime: Number.POSITIVE_INFINITY }),

  app: (app: string) => queryOptions({ queryKey: keys.part(app, "self"), queryFn: () => api.app(app) }),
  config: (app: string) =>
    queryOptions({ queryKey: keys.part(app, "config"), queryFn: () => api.config(app) }),
  domains: (app: string) =>
    queryOptions({ queryKey: keys.part(app, "domains"), queryFn: () => api.domains(app) }),
  volumes: (app: string) =>
    queryOptions({ queryKey: keys.part(app, "volumes"), queryFn: () => api.volumes(app) }),
  space: () => queryOptions({ queryKey: keys.space, queryFn: api.space }),
  instances: (app: string) =>
    queryOptions({ queryKey: keys.part(app, "instances"), queryFn: () => api.instances(app) }),
  releases: (app: string) =>
    infiniteQueryOptions({
      queryKey: keys.part(app, "releases"),
      queryFn: ({ pageParam }) => api.releases(app, pageParam),
      ...pages,
    }),
  release: (app: string, version: number) =>
    queryOptions({
      queryKey: [...keys.part(app, "releases"), version] as const,
      queryFn: () => api.release(app, version),
    }),
  /** Those of one app, or of all; only some of them, if it says which. */
  deployments: (app?: string, only?: DeploymentQuery) => {
    const base: readonly unknown[] = app ? keys.part(app, "deployments") : keys.deployments;
    const queryKey = only ? [...base, only] : base;
    return infiniteQueryOptions({
      queryKey,
      queryFn: async ({ client, pageParam }) =>
        // One that ends comes among those that have ended, on whatever page.
        (only?.state ? undefined : settledPage(client.getQueryData(queryKey), pageParam)) ??
        (app ? api.deployments(app, pageParam, 50, only) : api.allDeployments(pageParam, only)),
      ...pages,
    });
  },
  latestDeployments: (app: string) =>
    queryOptions({
      queryKey: [...keys.part(app, "deployments"), "latest"] as const,
      queryFn: () => api.deployments(app, "", 5),
    }),
  deployment: (app: string, number: number) =>
    queryOptions({
      queryKey: [...keys.part(app, "deployment"), number] as const,
      queryFn: () => api.deployment(app, number),
    }),
};
