import { QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
  useNavigate,
  useSearch,
} from "@tanstack/react-router";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { keys } from "@/api/queries";
import { makeQueryClient } from "@/api/queryclient";
import type { Event } from "@/api/types";
import { setCatalogue } from "@/i18n";
import { zh } from "@/i18n/zh";
import { anApp } from "@/test/app";
import { answerCalls, type Call, refusal } from "@/test/server";
import { ActivityList } from "./ActivityList";
import { byDay, dayWords } from "./days";
import { joined } from "./query";
import { activitySearch } from "./search";

const user = userEvent.setup();

function anEvent(n: number, part: Partial<Event> = {}): Event {
  return {
    id: `e${String(n).padStart(4, "0")}`,
    app: "",
    actor: "ada@example.com",
    action: "session.create",
    target: "ada@example.com",
    detail: {},
    ip: "192.0.2.7",
    created_at: new Date(Date.UTC(2026, 0, 5, 12, 0, n)).toISOString(),
    ...part,
  };
}

/** Gives events as the API does: newest first, so many a page, older than the cursor. */
function serve(events: () => Event[], size = 3, cut = () => false): Call[] {
  return answerCalls({
    "GET /events": ({ query }) => {
      if (cut()) throw new TypeError("Failed to fetch");
      const cursor = query.get("cursor");
      const action = query.get("action");
      const by = query.get("actor");
      const left = events()
        .filter((e) => (!cursor || e.id < cursor) && (!by || e.actor === by))
        .filter((e) => !action || e.action === action || e.action.startsWith(`${action}.`))
        .sort((a, b) => (a.id < b.id ? 1 : -1));
      const items = left.slice(0, size);
      return { body: { items, next_cursor: left.length > size ? (items.at(-1)?.id ?? "") : "" } };
    },
    "GET /apps": () => ({ body: { items: [anApp({ name: "hello" })], next_cursor: "" } }),
    "GET /session": () => ({
      body: { user: { email: "ada@example.com", role: "member" }, actor: { scopes: null } },
    }),
  });
}

async function show(address = "/activity") {
  const client = makeQueryClient();
  client.setDefaultOptions({ queries: { retry: false, networkMode: "always", staleTime: 30_000 } });
  const root = createRootRoute();
  function Here() {
    const search = useSearch({ strict: false }) as ReturnType<typeof activitySearch>;
    const navigate = useNavigate();
    // biome-ignore lint/suspicious/noExplicitAny: not the dashboard's own router, whose type is registered
    return <ActivityList search={search} onSearch={(next) => void navigate({ search: next } as any)} />;
  }
  const here = createRoute({
    getParentRoute: () => root,
    path: "/activity",
    validateSearch: activitySearch,
    component: Here,
  });
  const router = createRouter({
    routeTree: root.addChildren([here]),
    history: createMemoryHistory({ initialEntries: [address] }),
  });
  await router.load();
  render(
    <QueryClientProvider client={client}>
      {/* biome-ignore lint/suspicious/noExplicitAny: as above */}
      <RouterProvider router={router as any} />
    </QueryClientProvider>,
  );
  return { client, href: () => router.state.location.href };
}

const asked = (calls: Call[]) => calls.filter((c) => c.path === "/events").map((c) => `${c.query}`);

afterEach(() => {
  vi.restoreAllMocks();
  setCatalogue("en");
});

describe("an event", () => {
  it("is a sentence, with the ways to what it tells of", async () => {
    serve(() => [
      anEvent(1, { action: "deployment.create", app: "hello", target: "#7", detail: { trigger: "push" } }),
      anEvent(2, { action: "app.destroy", app: "old", target: "old" }),
    ]);
    await show();
    const row = (await screen.findByText(/started deployment/)).closest("li") as HTMLElement;
    expect(row).toHaveTextContent("ada@example.com started deployment #7 of hello");
    expect(row).toHaveTextContent("Push");
    expect(within(row).getByRole("link", { name: "#7" })).toHaveAttribute(
      "href",
      "/apps/hello/deployments/7",
    );
    expect(within(row).getByRole("link", { name: "hello" })).toHaveAttribute("href", "/apps/hello");
    expect(row.querySelector("time")?.title).toMatch(/2026/);
    expect(screen.getByText("old").closest("a")).toBeNull();
  });

  it("leads nowhere when its app is no more", async () => {
    serve(() => [anEvent(1, { action: "config.set", app: "old", target: "A, B" })]);
    await show();
    await screen.findByText("A, B");
    await waitFor(() => expect(screen.getByText("A, B").closest("a")).toBeNull());
    expect(screen.getByText("old").closest("a")).toBeNull();
  });

  it("of a return and of repairs says what Slipway did, and why in the server's words", async () => {
    const repair = { actor: "slipway", action: "drift.repair", app: "hello" };
    serve(
      () => [
        anEvent(1, {
          ...repair,
          action: "deployment.return",
          target: "#3",
          detail: { release: "v1", trigger: "return", cause: "v2 did worse than v1" },
        }),
        anEvent(2, { ...repair, target: "web, worker", detail: { what: "web was gone" } }),
        anEvent(3, { ...repair, target: "web", detail: { what: "web is gone", failed: "no room" } }),
        anEvent(4, {
          ...repair,
          // biome-ignore lint/suspicious/noThenProperty: the server's word
          detail: { image: "v2 is gone", then: "built again as #4" },
          target: "",
        }),
        anEvent(5, { ...repair, target: "" }),
      ],
      5,
    );
    await show();
    const row = async (words: string) => {
      const link = await screen.findByText(
        (_, one) => one?.tagName === "LI" && one.textContent?.startsWith(words) === true,
      );
      return link.textContent ?? "";
    };
    expect(await row("Slipway took hello back to v1 by deployment #3")).toContain("v2 did worse than v1");
    expect(await row("Slipway repaired web, worker of hello")).toContain("web was gone");
    expect(await row("Slipway could not repair web of hello")).toContain("no room");
    expect(await row("Slipway found that the image of hello is gone")).toContain("built again as #4");
    expect(await row("Slipway repaired hello")).toBeTruthy();
    expect(screen.getByText("web was gone")).toHaveAttribute("lang", "en");
  });

  it("of a kind that is not known is still told", async () => {
    serve(() => [anEvent(1, { action: "moon.land", target: "Tranquility" })]);
    await show();
    expect(await screen.findByText("moon.land")).toBeInTheDocument();
    expect(screen.getByText("Tranquility")).toBeInTheDocument();
  });

  it("is told in Chinese order", async () => {
    setCatalogue("zh-CN", zh);
    serve(() => [anEvent(1, { action: "app.scale", app: "hello", target: "web=2" })]);
    await show();
    const row = (await screen.findByText("web=2")).closest("li");
    expect(row).toHaveTextContent("ada@example.com 将 hello 伸缩为 web=2");
  });
});

describe("the filters", () => {
  it("ask the server, and stand in the address", async () => {
    const calls = serve(() => [anEvent(1), anEvent(2, { action: "token.create", target: "CI" })]);
    const page = await show("/activity?by=ada@example.com");
    await screen.findByText("CI");
    await user.selectOptions(screen.getByLabelText("What was done"), "Token made");
    await waitFor(() => expect(screen.queryByText(/signed in/)).toBeNull());
    expect(asked(calls).at(-1)).toContain("actor=ada%40example.com&action=token.create");
    expect(page.href()).toContain("action=token.create");
    await user.click(screen.getByRole("button", { name: "Clear filters" }));
    await screen.findByText(/signed in/);
    expect(page.href()).toBe("/activity");
  });

  it("say when nothing is left, and when there is no such app", async () => {
    serve(() => [anEvent(1)]);
    const page = await show("/activity?action=domain");
    expect(await screen.findByText("Nothing like this has been done")).toBeInTheDocument();
    await user.click(screen.getAllByRole("button", { name: "Clear filters" })[0] as HTMLElement);
    await screen.findByText(/signed in/);
    expect(page.href()).toBe("/activity");
  });

  it("say when there is no such app", async () => {
    answerCalls({ "GET /events": () => refusal(404, "no such app: nobody") });
    await show("/activity?app=nobody");
    expect(await screen.findByText("There is no app nobody")).toBeInTheDocument();
  });
});

describe("a long list", () => {
  it("takes new events in at the top with one call, and keeps the older pages", async () => {
    const events = Array.from({ length: 8 }, (_, i) => anEvent(i + 1));
    const calls = serve(() => events);
    const { client } = await show();
    await user.click(await screen.findByRole("button", { name: "Show older" }));
    await waitFor(() => expect(screen.getAllByRole("listitem")).toHaveLength(6));
    const before = asked(calls).length;
    events.push(anEvent(9, { action: "token.create", target: "CI" }));
    await client.invalidateQueries({ queryKey: keys.events });
    expect(await screen.findByText("CI")).toBeInTheDocument();
    expect(screen.getAllByRole("listitem")).toHaveLength(7);
    expect(asked(calls)).toHaveLength(before + 1);
    await user.click(screen.getByRole("button", { name: "Show older" }));
    await waitFor(() => expect(screen.getAllByRole("listitem")).toHaveLength(9));
    expect(screen.getByText("That is all: 9")).toBeInTheDocument();
  });

  it("keeps what it has when older ones cannot be had, and goes on from there", async () => {
    const events = Array.from({ length: 5 }, (_, i) => anEvent(i + 1));
    let cut = false;
    serve(
      () => events,
      3,
      () => cut,
    );
    await show();
    const older = await screen.findByRole("button", { name: "Show older" });
    cut = true;
    await user.click(older);
    expect(await screen.findByRole("alert")).toHaveTextContent("The server cannot be reached");
    expect(screen.getAllByRole("listitem")).toHaveLength(3);
    cut = false;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(screen.getAllByRole("listitem")).toHaveLength(5));
  });
});

describe("joined", () => {
  const page = (from: number, to: number, next_cursor = "x") => ({
    items: Array.from({ length: from - to + 1 }, (_, i) => anEvent(from - i)),
    next_cursor,
  });

  it("puts what is new before what is held, and goes on from what is held", () => {
    const all = joined(page(6, 4, "fresh"), page(5, 1, "held"));
    expect(all.items.map((e) => e.id)).toEqual(page(6, 1).items.map((e) => e.id));
    expect(all.next_cursor).toBe("held");
  });

  it("begins anew when they do not meet, or when some between them were not seen", () => {
    const far = page(9, 7);
    expect(joined(far, page(5, 1))).toBe(far);
    const held = page(5, 1);
    held.items.splice(1, 1);
    const fresh = page(6, 3);
    expect(joined(fresh, held)).toBe(fresh);
  });
});

describe("days", () => {
  it("hold their events once each, in the reader's zone", () => {
    const at = (h: number, n: number) =>
      anEvent(n, { created_at: new Date(2026, 0, h < 0 ? 4 : 5, Math.abs(h)).toISOString() });
    const days = byDay([at(9, 4), at(1, 3), at(1, 3), at(-23, 2)]);
    expect(days.map((day) => day.events.map((e) => e.id))).toEqual([["e0004", "e0003"], ["e0002"]]);
  });

  it("are named from where one stands", () => {
    const now = new Date(2026, 0, 5, 0, 30).getTime();
    expect(dayWords(new Date(2026, 0, 5, 0, 1).toISOString(), now)).toBe("Today");
    expect(dayWords(new Date(2026, 0, 4, 0, 1).toISOString(), now)).toBe("Yesterday");
    expect(dayWords(new Date(2026, 0, 3).toISOString(), now)).toMatch(/Saturday/);
    expect(dayWords(new Date(2025, 11, 30).toISOString(), now)).toMatch(/2025/);
  });
});

describe("the address", () => {
  it("is read without what the API would refuse", () => {
    expect(activitySearch({ app: "hello", by: 7, action: "x".repeat(101) })).toEqual({ app: "hello" });
  });
});
