import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { act } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { anApp } from "@/test/app";
import { renderPiece } from "@/test/render";
import { answerCalls } from "@/test/server";
import { CommandCenter } from "./CommandCenter";
import { findApps } from "./find";
import { Palette } from "./Palette";
import { showPanel } from "./panel";
import { appActions, appPages, pages, Sequence, setShortcuts } from "./shortcuts";

const signedIn = { user: { role: "owner", email: "ada@example.com" }, actor: { scopes: null } };

// cmdk scrolls to what is chosen and watches its list's size; there is nothing to see here.
beforeEach(() => {
  Element.prototype.scrollIntoView = () => {};
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
  localStorage.clear();
});
afterEach(() => {
  act(() => showPanel(undefined));
  vi.unstubAllGlobals();
});

describe("findApps", () => {
  const app = (name: string, created_at: string, url = `http://${name}.example.com`) =>
    anApp({ id: name, name, created_at, url, urls: [url], last_deployment: undefined });
  const apps = [
    app("shop", "2026-01-01T00:00:00Z"),
    app("workshop", "2026-03-01T00:00:00Z"),
    app("docs", "2026-02-01T00:00:00Z", "http://shop-docs.example.com"),
  ];

  it("finds by name and address, names that begin so first", () => {
    expect(findApps(apps, " SHOP ").map(({ name }) => name)).toEqual(["shop", "workshop", "docs"]);
    expect(findApps(apps, "nothing")).toEqual([]);
  });

  it("offers those that changed last when nothing is asked, without the one at hand", () => {
    expect(findApps(apps, "", "docs").map(({ name }) => name)).toEqual(["workshop", "shop"]);
  });

  it("looks through all of them and shows a few", () => {
    const many = Array.from({ length: 2000 }, (_, i) => app(`app-${i}`, "2026-01-01T00:00:00Z"));
    expect(findApps(many, "app-1999").map(({ name }) => name)).toEqual(["app-1999"]);
    expect(findApps(many, "app").length).toBeLessThanOrEqual(30);
  });
});

describe("Sequence", () => {
  it("puts keys together that follow each other soon", () => {
    const sequence = new Sequence(new Set(["g a", "g d", "?"]));
    expect(sequence.press("g", 0)).toBeUndefined();
    expect(sequence.press("a", 500)).toBe("g a");
    expect(sequence.press("a", 600)).toBeUndefined();
    expect(sequence.press("g", 1000)).toBeUndefined();
    expect(sequence.press("?", 1100)).toBe("?");
    expect(sequence.press("a", 1200)).toBeUndefined();
    expect(sequence.press("g", 2000)).toBeUndefined();
    expect(sequence.press("d", 9000)).toBeUndefined();
  });

  it("knows no shortcut twice", () => {
    const all = [...pages, ...appPages, ...appActions].map(({ keys }) => keys);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("the keys", () => {
  const start = () =>
    renderPiece(
      <>
        <CommandCenter />
        <main>
          <input type="search" aria-label="Search here" />
          <textarea aria-label="Notes" />
        </main>
      </>,
    );

  beforeEach(() => {
    answerCalls({
      "GET /session": () => ({ body: signedIn }),
      "GET /apps": () => ({ body: { items: [], next_cursor: "" } }),
    });
    // jsdom lays nothing out, and what has no box is not seen.
    vi.spyOn(HTMLElement.prototype, "getClientRects").mockReturnValue([{}] as unknown as DOMRectList);
  });

  it("lead to pages", async () => {
    const { path } = await start();
    await userEvent.keyboard("gd");
    await waitFor(() => expect(path()).toBe("/deployments"));
  });

  it("belong to whoever types", async () => {
    const { path } = await start();
    await userEvent.type(screen.getByLabelText("Notes"), "gd?/");
    expect(screen.getByLabelText("Notes")).toHaveValue("gd?/");
    expect(path()).toBe("/");
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  });

  it("open the palette from anywhere, and the focus goes back", async () => {
    await start();
    await userEvent.click(screen.getByLabelText("Notes"));
    await userEvent.keyboard("{Control>}k{/Control}");
    expect(await screen.findByRole("combobox")).toHaveFocus();
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    expect(screen.getByLabelText("Notes")).toHaveFocus();
  });

  it("reach the page's search", async () => {
    await start();
    await userEvent.keyboard("/");
    expect(screen.getByLabelText("Search here")).toHaveFocus();
    expect(screen.getByLabelText("Search here")).toHaveValue("");
  });

  it("are listed, and can be turned off but for the palette's", async () => {
    const { path } = await start();
    await userEvent.keyboard("?");
    const dialog = await screen.findByRole("dialog", { name: "Keyboard shortcuts" });
    await userEvent.click(within(dialog).getByRole("switch", { name: "Shortcuts of single keys" }));
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    await userEvent.keyboard("gd?");
    expect(path()).toBe("/");
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
    fireEvent.keyDown(document.body, { key: "k", metaKey: true });
    expect(await screen.findByRole("combobox")).toBeInTheDocument();
    act(() => setShortcuts(true));
  });
});

describe("the palette", () => {
  const hello = anApp({ name: "hello", scale: { web: 2, worker: 1 } });
  const answers = {
    "GET /session": () => ({ body: signedIn }),
    "GET /apps": () => ({ body: { items: [hello, anApp({ id: "b", name: "other" })], next_cursor: "" } }),
    "GET /apps/hello": () => ({ body: hello }),
    "PATCH /apps/hello/scale": () => ({ body: hello }),
  };

  it("leads to any app by a few letters", async () => {
    answerCalls(answers);
    const { path } = await renderPiece(<Palette app={undefined} begin="palette" />);
    await screen.findByRole("option", { name: /other/ });
    await userEvent.type(screen.getByRole("combobox"), "oth");
    await userEvent.keyboard("{Enter}");
    await waitFor(() => expect(path()).toBe("/apps/other"));
  });

  it("does what can be done with the app at hand", async () => {
    answerCalls(answers);
    await renderPiece(<Palette app="hello" begin="palette" />);
    await screen.findByRole("option", { name: /^Deploy ?a/ });
    await screen.findByRole("option", { name: /Copy the git remote/ });
    const names = screen.getAllByRole("option").map((option) => option.textContent ?? "");
    for (const name of ["Deploy", "Restart", "Roll back…", "Scale…", "Logs", "Copy the app's URL"]) {
      expect(names.some((one) => one.startsWith(name))).toBe(true);
    }
  });

  it("scales by a number and a process", async () => {
    const calls = answerCalls(answers);
    await renderPiece(<Palette app="hello" begin="scale" />);
    await screen.findByRole("option", { name: /worker/ });
    await userEvent.type(screen.getByRole("combobox"), "3");
    await userEvent.keyboard("{ArrowDown}{Enter}");
    await waitFor(() => expect(calls.find(({ method }) => method === "PATCH")?.body).toEqual({ worker: 3 }));
    expect(await screen.findByText("hello is scaled to 3 of worker.")).toBeInTheDocument();
  });

  it("says what the server refuses, and stays open", async () => {
    answerCalls({
      ...answers,
      "PATCH /apps/hello/scale": () => ({
        status: 422,
        body: { detail: "at most 20 of a process", kind: "invalid" },
      }),
    });
    await renderPiece(<Palette app="hello" begin="scale" />);
    await screen.findByRole("option", { name: /web/ });
    await userEvent.type(screen.getByRole("combobox"), "99");
    await userEvent.keyboard("{Enter}");
    expect(await screen.findByRole("alert")).toHaveTextContent("at most 20 of a process");
  });

  it("finds in English whatever the language is, and goes back with Escape", async () => {
    answerCalls(answers);
    await renderPiece(<Palette app={undefined} begin="palette" />);
    await userEvent.type(screen.getByRole("combobox"), "theme");
    await userEvent.keyboard("{Enter}");
    expect(await screen.findByRole("option", { name: "Dark" })).toBeInTheDocument();
    await userEvent.keyboard("{Escape}");
    expect(await screen.findByRole("option", { name: /Sign out/ })).toBeInTheDocument();
  });
});
