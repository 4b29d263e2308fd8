import { type QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { makeQueryClient } from "@/api/queryclient";
import { Toasts } from "@/components/ui/toast";

/** Renders a piece of a page with the things around it that it asks for; links lead to a word. */
export async function renderPiece(piece: ReactNode): Promise<{ client: QueryClient; path: () => string }> {
  const client = makeQueryClient();
  client.setDefaultOptions({ queries: { retry: false, networkMode: "always" } });
  const root = createRootRoute();
  const here = createRoute({
    getParentRoute: () => root,
    path: "/",
    component: () => (
      <>
        {piece}
        <Toasts />
      </>
    ),
  });
  const elsewhere = createRoute({ getParentRoute: () => root, path: "$", component: () => <p>elsewhere</p> });
  const router = createRouter({
    routeTree: root.addChildren([here, elsewhere]),
    history: createMemoryHistory({ initialEntries: ["/"] }),
  });
  await router.load();
  render(
    <QueryClientProvider client={client}>
      {/* biome-ignore lint/suspicious/noExplicitAny: not the dashboard's own router, whose type is registered */}
      <RouterProvider router={router as any} />
    </QueryClientProvider>,
  );
  return { client, path: () => router.state.location.pathname };
}
