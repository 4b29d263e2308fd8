import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { anInstance, someMetrics } from "@/test/metrics";
import { renderPiece } from "@/test/render";
import { answerCalls, refusal } from "@/test/server";
import { Graphs } from "./Graphs";
import type { AppMetrics } from "./model";

const user = userEvent.setup();

// A minute past some hour, whichever zone reads it.
const start = 1_760_000_000 - (1_760_000_000 % 3600);
const times = Array.from({ length: 12 }, (_, i) => start + i * 10);

const busy = someMetrics(times, {
  requests_per_second: times.map((_, i) => 10 + i),
  errors_per_second: times.map((_, i) => (i === 11 ? 2.1 : 0)),
  p50_ms: times.map(() => 20),
  p95_ms: times.map(() => 40),
  p99_ms: times.map(() => 80),
  instances: [
    anInstance(
      "web",
      2,
      1,
      times.map(() => 500),
      times.map(() => 64 * 1024 * 1024),
    ),
  ],
  total: { requests: 18_600, errors: 21, bytes: 5 },
});

const live = {
  id: "d",
  app: "hello",
  number: 7,
  release: 2,
  state: "succeeded",
  trigger: "image",
  image: "hello:2",
  reason: "",
  commit: "",
  commit_message: "",
  source_ref: "",
  created_by: "ada@example.com",
  created_at: new Date((start + 60) * 1000).toISOString(),
  finished_at: new Date((start + 65) * 1000).toISOString(),
};

function served(metrics: (range: string) => AppMetrics) {
  return answerCalls({
    "GET /apps/hello/metrics": ({ query }) => ({ body: metrics(query.get("range") ?? "") }),
    "GET /apps/hello/deployments": () => ({ body: { items: [live], next_cursor: "" } }),
  });
}

describe("the graphs of an app", () => {
  it("say in words what they draw", async () => {
    served(() => busy);
    await renderPiece(<Graphs app="hello" />);
    expect(await screen.findByText("The last hour: 18,600 requests, 0.11% errors.")).toBeInTheDocument();
    expect(screen.getByText(/^Now 18.5 req\/s, p95 40 ms, 1.9% errors/)).toBeInTheDocument();
    const requests = screen.getByRole("slider", { name: "Requests" });
    expect(requests).toHaveAttribute(
      "aria-valuetext",
      expect.stringMatching(/all 21 req\/s, .*errors 2.1 req\/s/),
    );
    expect(screen.getByText("limit 512 MiB")).toBeInTheDocument();
  });

  it("are read step by step with the keys, all together, with the deployments", async () => {
    served(() => busy);
    await renderPiece(<Graphs app="hello" />);
    const requests = await screen.findByRole("slider", { name: "Requests" });
    requests.focus();
    await user.keyboard("{Home}");
    expect(requests).toHaveAttribute("aria-valuenow", "0");
    expect(requests).toHaveAttribute("aria-valuetext", expect.stringContaining("all 10 req/s"));
    // The others follow.
    expect(screen.getByRole("slider", { name: "Memory" })).toHaveAttribute("aria-valuenow", "0");
    await user.keyboard("{ArrowRight>6/}");
    await waitFor(() =>
      expect(requests).toHaveAttribute("aria-valuetext", expect.stringContaining("v2 went live at")),
    );
    expect(screen.getByText(/hello:2 · ada@example.com/)).toBeInTheDocument();
    await user.keyboard("{Escape}");
    expect(requests).toHaveAttribute("aria-valuenow", "11");
    expect(screen.queryByText(/hello:2 · ada@example.com/)).not.toBeInTheDocument();
  });

  it("are of another stretch of time on request", async () => {
    const calls = served((range) =>
      range === "6h"
        ? someMetrics(times, {
            total: { requests: 5, errors: 0, bytes: 0 },
            requests_per_second: times.map(() => 1),
          })
        : busy,
    );
    await renderPiece(<Graphs app="hello" />);
    await user.click(await screen.findByRole("button", { name: "6 h" }));
    expect(await screen.findByText("The last 6 hours: 5 requests, 0% errors.")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "6 h" })).toHaveAttribute("aria-pressed", "true");
    expect(
      calls.filter((call) => call.path.endsWith("/metrics")).map((call) => call.query.get("range")),
    ).toEqual(["1h", "6h"]);
  });

  it("are a table as well, with the deployments in it", async () => {
    served(() => busy);
    await renderPiece(<Graphs app="hello" />);
    await user.click(await screen.findByText("As a table"));
    const rows = within(await screen.findByRole("table")).getAllByRole("row");
    expect(rows).toHaveLength(13);
    expect(rows[1]).toHaveTextContent(/21 req\/s10%20 ms40 ms80 ms0.5 CPU64 MiB/);
    expect(rows[6]).toHaveTextContent("v2");
  });

  it("say honestly that there is nothing to draw", async () => {
    const idle = times.map(() => 0);
    served(() => someMetrics(times, { requests_per_second: idle, errors_per_second: idle }));
    await renderPiece(<Graphs app="hello" />);
    expect(await screen.findAllByText("No requests in this hour")).toHaveLength(2);
    expect(screen.queryByRole("slider")).not.toBeInTheDocument();
  });

  it("tell a router that says nothing from an app that nobody asks", async () => {
    served(() => someMetrics(times));
    await renderPiece(<Graphs app="hello" />);
    expect((await screen.findAllByText("No figures from a router yet.")).length).toBeGreaterThan(0);
  });

  it("offer another try when they cannot be read", async () => {
    let broken = true;
    answerCalls({
      "GET /apps/hello/metrics": () => (broken ? refusal(500, "the figures cannot be read") : { body: busy }),
      "GET /apps/hello/deployments": () => ({ body: { items: [], next_cursor: "" } }),
    });
    await renderPiece(<Graphs app="hello" />);
    expect(await screen.findByRole("alert")).toHaveTextContent("the figures cannot be read");
    broken = false;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("slider", { name: "Latency" })).toBeInTheDocument();
    expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  });
});
