import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  Outlet,
  RouterProvider,
} from "@tanstack/react-router";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useEffect, useState } from "react";
import { describe, expect, it } from "vitest";
import { RouteFocus } from "./RouteFocus";

function Late() {
  const [here, setHere] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setHere(true), 50);
    return () => clearTimeout(timer);
  }, []);
  return here ? <h1>Late one</h1> : <p>coming</p>;
}

async function start() {
  const root = createRootRoute({
    component: () => (
      <>
        {["/one", "/late", "/bare", "/form", "/one?x=1"].map((to) => (
          <Link key={to} to={to}>
            {to}
          </Link>
        ))}
        <main tabIndex={-1}>
          <Outlet />
        </main>
        <RouteFocus />
      </>
    ),
  });
  const route = (path: string, component: () => React.ReactNode) =>
    createRoute({ getParentRoute: () => root, path, component });
  const router = createRouter({
    routeTree: root.addChildren([
      route("/", () => <h1>Home</h1>),
      route("/one", () => <h1>One</h1>),
      route("/late", Late),
      route("/bare", () => {
        document.title = "Bare · Slipway";
        return <p>no heading</p>;
      }),
      route("/form", () => (
        <>
          <h1>Form</h1>
          {/* biome-ignore lint/a11y/noAutofocus: it is what is tried */}
          <input autoFocus aria-label="Name" />
        </>
      )),
    ]),
    history: createMemoryHistory({ initialEntries: ["/"] }),
  });
  await router.load();
  // biome-ignore lint/suspicious/noExplicitAny: not the dashboard's own router, whose type is registered
  render(<RouterProvider router={router as any} />);
  await screen.findByRole("heading", { name: "Home" });
}

const go = async (to: string) => userEvent.click(screen.getByRole("link", { name: to }));

describe("the focus after a step to another page", () => {
  it("is not moved when the first page opens", async () => {
    await start();
    expect(document.body).toHaveFocus();
  });

  it("goes to its heading", async () => {
    await start();
    await go("/one");
    await waitFor(() => expect(screen.getByRole("heading", { name: "One" })).toHaveFocus());
  });

  it("waits in the main part for a heading that comes with the data", async () => {
    await start();
    await go("/late");
    await waitFor(() => expect(screen.getByRole("main")).toHaveFocus());
    await waitFor(() => expect(screen.getByRole("heading", { name: "Late one" })).toHaveFocus());
  });

  it("stays there, and the title is read aloud, when none comes", async () => {
    await start();
    await go("/bare");
    expect(await screen.findByText("Bare · Slipway")).toHaveAttribute("aria-live", "polite");
    expect(screen.getByRole("main")).toHaveFocus();
  });

  it("is left to a page that has put it into a field", async () => {
    await start();
    await go("/form");
    expect(await screen.findByLabelText("Name")).toHaveFocus();
  });

  it("stays where it is when only the search changes", async () => {
    await start();
    await go("/one");
    await waitFor(() => expect(screen.getByRole("heading", { name: "One" })).toHaveFocus());
    await go("/one?x=1");
    expect(screen.getByRole("link", { name: "/one?x=1" })).toHaveFocus();
  });
});
