import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import type { ComponentType } from "react";
import { activitySearch } from "@/activity/search";
import type { Live } from "@/api/live";
import { asProblem } from "@/api/problem";
import { queries } from "@/api/queries";
import { AppLayout } from "@/app/AppLayout";
import { FailedPage, MissingPage, Pending } from "@/app/fallbacks";
import { Root } from "@/app/Root";
import { Shell } from "@/app/Shell";
import { topologySearch } from "@/clusters/search";
import {
  allDeploymentsSearch,
  compareSearch,
  deploymentSearch,
  deploymentsSearch,
  releasesSearch,
} from "@/deployments/search";
import { loadEnglish } from "@/i18n";
import { useLanguage } from "@/i18n/language";
import { newAppSearch } from "@/newapp/search";

export interface RouterContext {
  client: QueryClient;
  live: Live;
}

type ReadSearch<S> = (search: Record<string, unknown>) => S;

interface TokenSearch {
  token?: string;
  next?: string;
}

/** Where to go after signing in: a path of this dashboard, never another host. */
export function safeNext(next: unknown): string | undefined {
  return typeof next === "string" && /^\/(?![/\\])/.test(next) ? next : undefined;
}

type Load = () => Promise<{ default: ComponentType }>;

/**
 * Fetches a page's code, and again when that was cut short: browsers drop what
 * is on its way when a network of the machine changes, as it does here with
 * each deployment on one's own machine.
 */
async function patiently<T>(load: () => Promise<T>): Promise<T> {
  for (const pause of [150, 600, 2000]) {
    try {
      return await load();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  return load();
}

/** A page whose code is fetched when it is wanted, and which is rendered anew in another language. */
const lazyPage = (load: Load, english = loadEnglish) =>
  lazyRouteComponent(async () => {
    const [{ default: Page }] = await patiently(() => Promise.all([load(), english()]));
    function InLanguage() {
      useLanguage();
      return <Page />;
    }
    return { default: InLanguage };
  });

const tokenSearch = (search: Record<string, unknown>): TokenSearch => ({
  token: typeof search.token === "string" ? search.token : undefined,
  next: safeNext(search.next),
});

const root = createRootRouteWithContext<RouterContext>()({
  component: Root,
  notFoundComponent: MissingPage,
  errorComponent: FailedPage,
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  validateSearch: tokenSearch,
  component: lazyPage(() => import("@/pages/Setup")),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: tokenSearch,
  component: lazyPage(() => import("@/pages/SignIn")),
});

const join = createRoute({
  getParentRoute: () => root,
  path: "/join",
  validateSearch: tokenSearch,
  component: lazyPage(() => import("@/pages/Join")),
});

/** Everything for which one must be signed in. */
const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.client.ensureQueryData(queries.session());
    } catch (error) {
      const problem = asProblem(error);
      if (problem.status !== 401) throw problem;
      const setup = await context.client.fetchQuery(queries.setup()).catch(() => undefined);
      if (setup?.bootstrap_required) throw redirect({ to: "/setup", search: {} });
      throw redirect({ to: "/sign-in", search: { next: location.href === "/" ? undefined : location.href } });
    }
  },
});

const page = <P extends string>(path: P, load: Load) =>
  createRoute({ getParentRoute: () => shell, path, component: lazyPage(load) });

const apps = createRoute({
  getParentRoute: () => shell,
  path: "/",
  component: lazyPage(
    () => import("@/pages/Apps"),
    async () => {}, // what it says is here from the first
  ),
});
const newApp = createRoute({
  getParentRoute: () => shell,
  path: "/new",
  validateSearch: newAppSearch,
  component: lazyPage(() => import("@/pages/NewApp")),
});
const deployments = createRoute({
  getParentRoute: () => shell,
  path: "/deployments",
  validateSearch: allDeploymentsSearch,
  component: lazyPage(() => import("@/pages/AllDeployments")),
});
const activity = createRoute({
  getParentRoute: () => shell,
  path: "/activity",
  validateSearch: activitySearch,
  component: lazyPage(() => import("@/pages/Activity")),
});
const account = page("/account", () => import("@/pages/Account"));
const tokens = createRoute({
  getParentRoute: () => shell,
  path: "/account/tokens",
  // With "new" in the address, the form for another one is open.
  validateSearch: (search: Record<string, unknown>): { new?: 1 } => ({ new: search.new ? 1 : undefined }),
  component: lazyPage(() => import("@/pages/Tokens")),
});
const sessions = page("/account/sessions", () => import("@/pages/Sessions"));
const people = page("/account/people", () => import("@/pages/People"));
const space = page("/account/space", () => import("@/pages/Space"));

const clusters = page("/clusters", () => import("@/pages/Clusters"));
const cluster = createRoute({
  getParentRoute: () => shell,
  path: "/clusters/$cluster",
  validateSearch: topologySearch,
  component: lazyPage(() => import("@/pages/Cluster")),
});

const design = page("/design", () => import("@/app/design/Design"));

// An address that leads nowhere; the frame around it leads somewhere.
const nowhere = createRoute({ getParentRoute: () => shell, path: "$", component: MissingPage });

const app = createRoute({
  getParentRoute: () => shell,
  path: "/apps/$app",
  component: AppLayout,
});

const appPage = <P extends string>(path: P, load: Load) =>
  createRoute({ getParentRoute: () => app, path, component: lazyPage(load) });

/** A page of an app whose address holds more than its path. */
const searchPage = <P extends string, S extends object>(path: P, validateSearch: ReadSearch<S>, load: Load) =>
  createRoute({ getParentRoute: () => app, path, validateSearch, component: lazyPage(load) });

const routeTree = root.addChildren([
  setup,
  signIn,
  join,
  shell.addChildren([
    apps,
    newApp,
    deployments,
    activity,
    account,
    tokens,
    sessions,
    people,
    space,
    clusters,
    cluster,
    design,
    nowhere,
    app.addChildren([
      appPage("/", () => import("@/pages/Overview")),
      searchPage("/deployments", deploymentsSearch, () => import("@/pages/Deployments")),
      searchPage("/deployments/$number", deploymentSearch, () => import("@/pages/Deployment")),
      appPage("/logs", () => import("@/pages/Logs")),
      appPage("/config", () => import("@/pages/Config")),
      searchPage("/releases", releasesSearch, () => import("@/pages/Releases")),
      searchPage("/releases/compare", compareSearch, () => import("@/pages/CompareReleases")),
      appPage("/domains", () => import("@/pages/Domains")),
      appPage("/settings", () => import("@/pages/Settings")),
    ]),
  ]),
]);

export function makeRouter(context: RouterContext) {
  return createRouter({
    routeTree,
    context,
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    defaultPendingComponent: Pending,
    defaultPendingMs: 150,
    defaultPendingMinMs: 0,
    defaultErrorComponent: FailedPage,
    defaultNotFoundComponent: MissingPage,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
