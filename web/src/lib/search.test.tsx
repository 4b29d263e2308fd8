import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { act, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useTypedSearch } from "./search";

function Finder() {
  const [text, set] = useTypedSearch("q");
  return <input aria-label="Find" value={text} onChange={(event) => set(event.target.value)} />;
}

async function show() {
  const root = createRootRoute();
  const list = createRoute({ getParentRoute: () => root, path: "/", component: Finder });
  const page = createRoute({
    getParentRoute: () => root,
    path: "/page",
    loader: () => new Promise<void>((resolve) => setTimeout(resolve, 5000)),
    component: () => <p>the page</p>,
  });
  const router = createRouter({
    routeTree: root.addChildren([list, page]),
    history: createMemoryHistory({ initialEntries: ["/"] }),
  });
  await router.load();
  // biome-ignore lint/suspicious/noExplicitAny: not the dashboard's own router, whose type is registered
  render(<RouterProvider router={router as any} />);
  return router;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("puts into the address what was typed, once typing pauses", async () => {
  const router = await show();
  fireEvent.change(screen.getByLabelText("Find"), { target: { value: "sho" } });
  fireEvent.change(screen.getByLabelText("Find"), { target: { value: "shop" } });
  expect(router.state.location.search).toEqual({});
  await act(() => vi.runAllTimersAsync());
  expect(router.state.location.search).toEqual({ q: "shop" });
});

it("puts nothing into the address of the page that one is on the way to", async () => {
  const router = await show();
  fireEvent.change(screen.getByLabelText("Find"), { target: { value: "shop" } });
  act(() => router.history.push("/page"));
  await act(() => vi.runAllTimersAsync());
  screen.getByText("the page");
  expect(router.state.location.href).toBe("/page");
});
