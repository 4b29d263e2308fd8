import { act, configure, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { renderPiece } from "@/test/render";
import { answerCalls, type Call } from "@/test/server";
import { FakeSocket, fakeSockets } from "@/test/socket";
import { LogView } from "./LogView";
import { type LineRange, noQuery } from "./query";

const line = (seq: number, text = `line ${seq}`) => ({
  seq,
  time: "2026-01-02T03:04:05Z",
  source: "app",
  process: "web",
  instance: "hello.web.v1.1",
  stream: "stdout",
  text,
});
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => line(from + i));

// A machine that is busy takes longer than a second.
configure({ asyncUtilTimeout: 10_000 });
vi.setConfig({ testTimeout: 60_000 });

const source = { path: "/api/v1/apps/hello/logs", tail: 1000 };
let opened: LineRange | undefined;

function Piece({ at }: { at?: LineRange }) {
  const [query, setQuery] = useState(noQuery);
  const [own, setLine] = useState<LineRange>();
  const line = own ?? at;
  opened = line;
  return (
    <LogView
      source={source}
      address={{ query, setQuery, line, setLine, link: () => "" }}
      label="Logs of hello"
      file="hello"
      command="slipway logs hello"
      none="None"
    />
  );
}

/** A server that has written so many lines and keeps those from first on. */
function keeps(first: number, last: number): Call[] {
  return answerCalls({
    "GET /apps/hello/logs": ({ query }) => {
      const tail = Number(query.get("tail") ?? 0);
      const after = tail ? last - tail : Number(query.get("after"));
      const from = Math.max(first, after + 1);
      const to = Math.min(last, tail ? last : after + Number(query.get("limit")));
      const gap = from > after + 1 ? { from: after + 1, to: from - 1, reason: "expired" } : undefined;
      return { body: { lines: to >= from ? range(from, to) : [], gap, next: Math.max(to, from - 1) } };
    },
  });
}

/** How many lines the page says that it holds. */
function held(): number {
  const words = screen.getByText(/^([\d,]+ of )?[\d,]+ lines$/).textContent ?? "";
  return Number(/([\d,]+) lines$/.exec(words)?.[1]?.replaceAll(",", ""));
}

/** Sends lines, which come with a later frame of the screen, and waits for them. */
async function send(...lines: ReturnType<typeof line>[]) {
  const before = held();
  act(() => FakeSocket.last.send({ type: "lines", lines }));
  await waitFor(() => expect(held()).toBe(before + lines.length));
}

const pane = () => screen.getByRole("log");
const texts = () => [...pane().querySelectorAll("[data-text]")].map((one) => one.textContent);

describe("LogView", () => {
  beforeEach(() => {
    fakeSockets();
    localStorage.clear();
    vi.stubGlobal(
      "ResizeObserver",
      class {
        observe() {}
        disconnect() {}
      },
    );
    vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(400);
    vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1000);
    vi.spyOn(Element.prototype, "scrollHeight", "get").mockReturnValue(1_000_000);
  });
  afterEach(() => vi.unstubAllGlobals());

  async function open(at?: LineRange) {
    await renderPiece(<Piece at={at} />);
    if (!at) act(() => FakeSocket.last.open());
  }

  it("holds in the document only what is in sight, the newest while it follows", async () => {
    keeps(1, 1);
    await open();
    await send(...range(1, 5000));
    expect(texts().at(-1)).toBe("line 5000");
    expect(texts().length).toBeLessThan(80);
    expect(screen.getByText("5,000 lines")).toBeVisible();
    expect(pane()).toHaveAttribute("aria-live", "off");
  });

  it("stays where the reader scrolled to, counts what comes, and follows again", async () => {
    keeps(1, 1);
    await open();
    await send(...range(1, 500));
    pane().scrollTop = 2000;
    fireEvent.scroll(pane());
    expect(screen.getByText("Paused")).toBeVisible();
    const before = texts();
    await send(...range(501, 540));
    expect(texts()).toEqual(before);
    await userEvent.keyboard("{End}");
    expect(screen.getByText("Live")).toBeVisible();
    expect(texts().at(-1)).toBe("line 540");
    await userEvent.keyboard("f");
    await send(line(541));
    await userEvent.click(screen.getByRole("button", { name: "1 new line" }));
    expect(texts().at(-1)).toBe("line 541");
  });

  it("marks and counts matches, goes through them, and says what is not a pattern", async () => {
    keeps(1, 1);
    await open();
    await send(...range(1, 300));
    const field = screen.getByRole("searchbox");
    await userEvent.keyboard("/");
    expect(field).toHaveFocus();
    await userEvent.type(field, "LINE 29");
    expect(await screen.findByText("11 matches")).toBeVisible();
    expect(screen.getByText("11 of 300 lines")).toBeVisible();
    expect(pane().querySelector("mark")).toHaveTextContent("line 29");
    await userEvent.click(screen.getByRole("radio", { name: "Highlight" }));
    await userEvent.type(field, "{Enter}");
    expect(await screen.findByText("2 of 11")).toBeVisible(); // the first in sight
    await userEvent.type(field, "{Shift>}{Enter}{Enter}{/Shift}");
    expect(screen.getByText("11 of 11")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Match case" }));
    expect(await screen.findByText("0 matches")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Regular expression" }));
    await userEvent.type(field, "(");
    expect(await screen.findByRole("alert")).toHaveTextContent("Not a pattern");
    expect(field).toHaveAccessibleDescription(/Not a pattern/);
    expect(texts()).toContain("line 299");
  });

  it("says when it is cut, when it tries again, and where it went on", async () => {
    keeps(1, 1);
    await open();
    await send(...range(1, 3));
    act(() => FakeSocket.last.cut());
    expect(await screen.findByText(/Disconnected, reconnecting…/)).toBeVisible();
    expect(within(pane()).getByText(/^Disconnected at/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Try now" }));
    expect(FakeSocket.last.query.get("after")).toBe("3");
    act(() => FakeSocket.last.open());
    await send(line(4));
    act(() => FakeSocket.last.send({ type: "gap", gap: { from: 5, to: 1004, reason: "slow" } }));
    await send(line(1005));
    // What comes is drawn with the next frame, and that may be late.
    expect(await within(pane()).findByText(/1,000 lines are missing/)).toBeVisible();
    await waitFor(() => expect(texts()).toEqual(["line 1", "line 2", "line 3", "line 4", "line 1005"]));
    expect(within(pane()).getByText(/resumed at/)).toBeVisible();
    expect(screen.getByText("Live")).toBeVisible();
  });

  it("folds JSON out by mouse and by keys", async () => {
    keeps(1, 1);
    await open();
    await send(line(1, '{"level":"warn","msg":"cold","shard":{"id":7}}'), line(2));
    expect(texts()[0]).toBe('warn cold shard={"id":7} ');
    await userEvent.click(screen.getByRole("button", { name: "Fold out" }));
    expect(within(pane()).getByText('"id"')).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Fold in" }));
    expect(within(pane()).queryByText('"id"')).toBeNull();
    await userEvent.keyboard("jk{Enter}");
    expect(within(pane()).getByText('"id"')).toBeVisible();
  });

  it("leads to a line, with what stands around it, and does not follow", async () => {
    const calls = keeps(1, 5000);
    await open({ from: 1000, to: 1000 });
    expect(await within(pane()).findByText("line 1000")).toBeVisible();
    expect(texts()).toContain("line 1005");
    expect(screen.getByText("Line 1,000")).toBeVisible();
    expect(calls.map((call) => call.query.toString())).toEqual([
      "tail=1",
      "after=499&limit=1000",
      "after=1499&limit=1",
    ]);
    expect(FakeSocket.last.query.get("after")).toBe("5000");
    act(() => FakeSocket.last.open());
    act(() => FakeSocket.last.send({ type: "lines", lines: range(5001, 5003) }));
    expect(await screen.findByRole("button", { name: "3 new lines" })).toBeVisible();
    expect(texts()).toContain("line 1000");
  });

  it("says when the line of a link is no longer kept, or not written yet", async () => {
    keeps(800, 5000);
    await open({ from: 7, to: 7 });
    expect(await screen.findByText(/Line 7 is no longer kept/)).toBeVisible();
  });

  it("says when the line of a link has not been written", async () => {
    keeps(1, 50);
    await open({ from: 700, to: 700 });
    expect(await screen.findByText(/Line 700 has not been written yet/)).toBeVisible();
  });

  it("fetches earlier lines when asked, and says where the log begins", async () => {
    keeps(101, 5000);
    await open();
    await send(...range(1500, 1600));
    await userEvent.click(screen.getByRole("button", { name: "Load earlier lines (1,499)" }));
    expect(await screen.findByText("1,500 lines")).toBeVisible();
    expect(screen.getByText("The log begins here.")).toBeVisible();
    expect(texts()).toContain("line 1600"); // the place is kept
  });

  it("searches older lines too when asked, and says how many it has not looked at", async () => {
    keeps(1, 5000);
    await open();
    await send(...range(4001, 4100));
    await userEvent.type(screen.getByRole("searchbox"), "line 399");
    expect(await screen.findByText(/No line matches/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: /Search older lines too \(4,000 / }));
    expect(await screen.findByText("11 of 4,100 lines")).toBeVisible();
    expect(screen.queryByRole("button", { name: /Search older/ })).toBeNull();
  });

  it("says beside the field why a pattern that could freeze the page is refused", async () => {
    keeps(1, 1);
    await open();
    await send(...range(1, 3));
    await userEvent.click(screen.getByRole("button", { name: "Regular expression" }));
    await userEvent.type(screen.getByRole("searchbox"), "(?=line)");
    expect(await screen.findByRole("alert")).toHaveTextContent("can take for ever");
    expect(texts()).toContain("line 3");
  });

  it("marks a line that is clicked, and a range with shift", async () => {
    keeps(1, 1);
    await open();
    await send(...range(1, 20));
    const times = pane().querySelectorAll("[data-act=line]");
    fireEvent.click(times[3] as Element);
    expect(opened).toEqual({ from: 4, to: 4 });
    fireEvent.click(pane().querySelectorAll("[data-act=line]")[8] as Element, { shiftKey: true });
    expect(opened).toEqual({ from: 4, to: 9 });
    expect(screen.getByText("Lines 4 to 9")).toBeVisible();
  });
});
