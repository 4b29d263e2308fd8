import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import type { App } from "@/api/types";
import Apps from "@/pages/Apps";
import { anApp } from "@/test/app";
import { renderPiece } from "@/test/render";
import { answerCalls } from "@/test/server";

const user = userEvent.setup();

const signedIn = { user: { role: "owner" }, actor: { scopes: null } };

function answers(pages: App[][]) {
  return {
    "GET /session": () => ({ body: signedIn }),
    "GET /metrics": () => ({
      body: {
        step_seconds: 120,
        times: [0, 120],
        apps: [{ id: "app-001", app: "app-001", requests: [1200, 34], errors: [3, 0] }],
      },
    }),
    "GET /apps": ({ query }: { query: URLSearchParams }) => {
      const page = Number(query.get("cursor") || 0);
      return { body: { items: pages[page], next_cursor: page + 1 < pages.length ? String(page + 1) : "" } };
    },
  };
}

const many = (from: number, to: number, part: Partial<App> = {}) =>
  Array.from({ length: to - from }, (_, i) => {
    const name = `app-${String(from + i).padStart(3, "0")}`;
    return anApp({ id: name, name, ...part });
  });

beforeEach(() => localStorage.clear());

describe("the list of apps", () => {
  it("leads to a new app when there is none", async () => {
    answerCalls(answers([[]]));
    await renderPiece(<Apps />);
    expect(await screen.findByText("No apps yet")).toBeInTheDocument();
    expect(await screen.findByRole("link", { name: "New app" })).toHaveAttribute("href", "/new");
  });

  it("shows the first page while the next is on its way", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const table = answers([many(0, 200), many(200, 320)]);
    const apps = table["GET /apps"];
    answerCalls({
      ...table,
      "GET /apps": async (call) => {
        if (call.query.get("cursor")) await held;
        return apps(call);
      },
    });
    await renderPiece(<Apps />);
    expect(await screen.findByText("200 apps")).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "app-000" })).toBeInTheDocument();
    release();
    expect(await screen.findByText("320 apps")).toBeInTheDocument();
  });

  it("puts only those near the screen into the page, and says how many there are", async () => {
    answerCalls(answers([many(0, 500)]));
    await renderPiece(<Apps />);
    await screen.findByText("500 apps");
    const items = screen.getAllByRole("listitem");
    expect(items.length).toBeLessThan(60);
    expect(items[0]).toHaveAttribute("aria-setsize", "500");
    await user.click(screen.getByRole("button", { name: "As a table" }));
    expect(screen.getByRole("table")).toHaveAttribute("aria-rowcount", "501");
    expect(screen.getAllByRole("row").length).toBeLessThan(80);
  });

  it("remembers that it was a table, and is sorted by its heads", async () => {
    localStorage.setItem("slipway.apps.view", "table");
    answerCalls(answers([many(0, 3)]));
    await renderPiece(<Apps />);
    const table = await screen.findByRole("table");
    const first = () => within(within(table).getAllByRole("rowheader")[0] as HTMLElement).getByText(/^app/);
    expect(first()).toHaveTextContent("app-000");
    await user.click(within(table).getByRole("button", { name: "Name" }));
    await waitFor(() => expect(first()).toHaveTextContent("app-002"));
    expect(within(table).getByRole("columnheader", { name: "Name" })).toHaveAttribute(
      "aria-sort",
      "descending",
    );
    await user.click(within(table).getByRole("button", { name: "Requests, last hour" }));
    await waitFor(() => expect(first()).toHaveTextContent("app-001"));
    expect(await within(table).findByText("1,234 req")).toHaveTextContent("0.24% errors");
  });

  it("is narrowed down by search and status, and says when nothing is left", async () => {
    answerCalls(answers([[...many(0, 4), ...many(4, 6, { status: "failed" })]]));
    await renderPiece(<Apps />);
    await user.click(await screen.findByRole("button", { name: "2 failed" }));
    await waitFor(() => expect(screen.getAllByRole("listitem")).toHaveLength(2));
    expect(screen.getByRole("button", { name: "2 failed" })).toHaveAttribute("aria-pressed", "true");
    await user.type(screen.getByLabelText("Search apps"), "app-001");
    expect(await screen.findByText("No app matches “app-001”.")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Show all apps" }));
    await waitFor(() => expect(screen.getAllByRole("listitem")).toHaveLength(6));
    expect(screen.getByLabelText("Search apps")).toHaveValue("");
  });
});
