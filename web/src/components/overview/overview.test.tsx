import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { App, Deployment, Instance, Line } from "@/api/types";
import { Instances } from "@/components/Instances";
import { anApp } from "@/test/app";
import { anInstance as figuresOf, someMetrics } from "@/test/metrics";
import { renderPiece } from "@/test/render";
import { answerCalls, refusal } from "@/test/server";
import { liveBefore, standingOf, wentLiveBy } from "./Glance";
import { byProcess, effectsOf, parseCount } from "./scaling";
import { errorLines, outputLines, troubleOf } from "./trouble";

const user = userEvent.setup();
const now = Date.parse("2026-01-02T12:00:00Z");

function instance(process: string, index: number, part: Partial<Instance> = {}): Instance {
  return {
    name: `hello.${process}.v3.${index}`,
    process,
    index,
    release: 3,
    state: "healthy",
    address: "10.0.0.1:8080",
    node: "here",
    restarts: 0,
    exit_code: 0,
    oom_killed: false,
    started_at: "2026-01-02T11:00:00Z",
    ...part,
  };
}

function line(seq: number, part: Partial<Line>): Line {
  return { seq, time: "2026-01-02T11:00:00Z", source: "app", text: "", ...part };
}

describe("what is wrong with an app", () => {
  const failed = { state: "failed", number: 4 } as Deployment;

  it("is nothing while it serves and its newest deployment did not fail", () => {
    const app = anApp({ last_deployment: { state: "cancelled" } as Deployment });
    expect(troubleOf(app, [instance("web", 1)], now)).toBeUndefined();
  });

  it("is that nothing answers, before anything else", () => {
    const down = anApp({ status: "down", last_deployment: failed });
    expect(troubleOf(down, [instance("web", 1, { state: "exited", restarts: 5 })], now)).toEqual({
      kind: "down",
      restarts: 5,
    });
    expect(troubleOf(anApp({ last_deployment: failed }), [], now)).toEqual({
      kind: "deployment",
      deployment: failed,
    });
  });

  it("is an instance that was started again of late, but not one that has got over it", () => {
    const again = { restarts: 2, started_at: "2026-01-02T11:59:00Z" };
    expect(troubleOf(anApp({}), [instance("web", 1, again)], now)).toEqual({
      kind: "restarting",
      restarts: 2,
    });
    expect(troubleOf(anApp({}), [instance("web", 1, { restarts: 2 })], now)).toBeUndefined();
    expect(troubleOf(anApp({}), [instance("web", 1, { state: "unhealthy" })], now)?.kind).toBe("restarting");
  });

  it("is told by the lines that speak of errors, the last few of them", () => {
    const lines = [
      line(1, { stream: "stderr", text: "plain, but on stderr" }),
      line(2, { stream: "stdout", text: "all is well" }),
      line(3, { stream: "stdout", text: '{"level":"ERROR","msg":"no"}' }),
      line(4, { source: "router", text: "GET / 500 error" }),
      line(5, { stream: "stderr", text: "INFO many loggers write all to stderr" }),
      line(6, { stream: "stdout", text: "no error was found" }),
    ];
    expect(errorLines(lines).map((l) => l.seq)).toEqual([1, 3]);
    const many = Array.from({ length: 50 }, (_, i) => line(i, { stream: "stderr", text: "x" }));
    expect(errorLines(many).map((l) => l.seq)).toEqual([42, 43, 44, 45, 46, 47, 48, 49]);
  });

  it("is told by what a build wrote, not by the names of its steps", () => {
    const lines = [
      line(1, { source: "build", text: "[1/2] RUN make", step: { id: "a" } as Line["step"] }),
      line(2, { source: "build", text: "make: *** no rule", step_id: "a" }),
      line(3, { source: "slipway", text: "failed", state: "failed" }),
      line(4, { source: "build", text: "  " }),
    ];
    expect(outputLines(lines).map((l) => l.seq)).toEqual([2]);
  });
});

describe("scaling", () => {
  it("takes whole numbers up to the most there may be", () => {
    expect(["0", " 7 ", "50"].map(parseCount)).toEqual([0, 7, 50]);
    expect(["", "51", "-1", "1.5", "two", "1e1"].map(parseCount)).toEqual(Array(6).fill(undefined));
  });

  it("says what follows from it", () => {
    expect(effectsOf({ web: 1, worker: 2, cron: 0 }, { worker: 1, web: 3, cron: 1 })).toEqual([
      { kind: "more", process: "web", n: 2, web: true },
      { kind: "first", process: "cron", n: 1, web: false },
      { kind: "fewer", process: "worker", n: 1, web: false },
    ]);
    expect(effectsOf({ web: 2 }, { web: 0 })).toEqual([{ kind: "none", process: "web", n: 2, web: true }]);
    expect(effectsOf({ web: 2 }, { web: 2 })).toEqual([]);
  });

  it("shows processes that have no instance, and the newest release first", () => {
    const groups = byProcess(anApp({ scale: { worker: 0, web: 1 } }), [
      instance("web", 1, { release: 2 }),
      instance("web", 1),
    ]);
    expect(groups.map((g) => [g.process, g.instances.map((i) => i.release)])).toEqual([
      ["web", [3, 2]],
      ["worker", []],
    ]);
  });
});

describe("whether an app is up", () => {
  const live_release = { version: 1 } as App["live_release"];

  it("is said of what serves while it is deployed, and of what answers nothing though it runs", () => {
    expect(standingOf(anApp({ live_release }))).toBe("live");
    expect(standingOf(anApp({ status: "deploying", live_release }))).toBe("updating");
    expect(standingOf(anApp({ status: "deploying" }))).toBe("deploying");
    expect(standingOf(anApp({ live_release, scale: { web: 0, worker: 2 } }))).toBe("no_web");
    expect(standingOf(anApp({ live_release, scale: { worker: 2 } }))).toBe("live");
    expect(standingOf(anApp({ status: "down", live_release, scale: { web: 0 } }))).toBe("down");
  });
});

describe("since when a release is live", () => {
  it("is when a deployment of it ended, be it a rollback to an old one", () => {
    const deployments = [
      { number: 9, state: "failed", release: 2 },
      { number: 8, state: "succeeded", release: 2 },
      { number: 3, state: "succeeded", release: 2 },
    ] as Deployment[];
    expect(wentLiveBy(deployments, 2)?.number).toBe(8);
    expect(wentLiveBy(deployments, 7)).toBeUndefined();
  });

  it("leaves the way back to what was live before, which may be a newer one", () => {
    const deployments = [
      { number: 9, state: "succeeded", release: 2 },
      { number: 8, state: "failed", release: 4 },
      { number: 7, state: "succeeded", release: 3 },
      { number: 6, state: "succeeded", release: 2 },
    ] as Deployment[];
    expect(liveBefore(deployments, 2)).toBe(3);
    expect(liveBefore(deployments.slice(3), 2)).toBeUndefined();
  });
});

describe("the instances of an app", () => {
  const times = [0, 10, 20, 30, 40, 50];
  const memory = times.map(() => 128 * 1024 * 1024);

  function served(app: App, scale: (body: unknown) => { status?: number; body?: unknown }) {
    return answerCalls({
      "GET /session": () => ({ body: { user: { role: "owner" }, actor: { scopes: null } } }),
      "GET /apps/hello/instances": () => ({
        body: {
          items: [
            instance("web", 1),
            instance("web", 2, { state: "exited", exit_code: 137, oom_killed: true }),
          ],
          next_cursor: "",
        },
      }),
      "GET /apps/hello/metrics": () => ({
        body: someMetrics(times, {
          instances: [
            figuresOf(
              "web",
              3,
              1,
              times.map(() => 250),
              memory,
            ),
          ],
        }),
      }),
      "GET /apps/hello": () => ({ body: app }),
      "PATCH /apps/hello/scale": ({ body }) => scale(body),
    });
  }

  it("say how they are and what they take of what they may", async () => {
    served(anApp({}), () => ({}));
    await renderPiece(<Instances app={anApp({})} />);
    expect(await screen.findByText("1 of 2 healthy")).toBeInTheDocument();
    expect(await screen.findByText("128 MiB of 512 MiB")).toBeInTheDocument();
    expect(screen.getByText("0.25 CPU of 1 CPU")).toBeInTheDocument();
    expect(screen.getByText("exit code 137")).toBeInTheDocument();
    expect(screen.getByText("out of memory")).toBeInTheDocument();
  });

  it("count those that serve: the release before may run on", async () => {
    const version = 3;
    const app = anApp({
      live_release: { version, commit: "", description: "push", created_at: "2026-01-02T11:00:00Z" },
    });
    served(app, () => ({}));
    const items = [instance("web", 1, { release: 2 }), instance("web", 1), instance("web", 2)];
    answerCalls({ "GET /apps/hello/instances": () => ({ body: { items, next_cursor: "" } }) });
    await renderPiece(<Instances app={app} />);
    expect(await screen.findByText("2 of 2 healthy")).toBeInTheDocument();
    expect(screen.getByText("v2")).toBeInTheDocument();
  });

  it("are not said to be none when they cannot be read", async () => {
    served(anApp({}), () => ({}));
    answerCalls({ "GET /apps/hello/instances": () => refusal(503, "the engine is away") });
    await renderPiece(<Instances app={anApp({})} />);
    expect(await screen.findByRole("alert")).toHaveTextContent("the engine is away");
    expect(screen.queryByText(/healthy/)).not.toBeInTheDocument();
    expect(screen.queryByText(/No instance/)).not.toBeInTheDocument();
  });

  it("are scaled after saying what follows, and back again", async () => {
    const calls = served(anApp({}), (body) => ({ body }));
    await renderPiece(<Instances app={anApp({})} />);
    const field = await screen.findByLabelText("Instances of web");
    await waitFor(() => expect(field).toBeEnabled());
    await user.click(screen.getByRole("button", { name: "More of web" }));
    await user.keyboard("{Enter}");
    expect(field).toHaveValue("4");
    expect(
      screen.getByText("2 more start, and take their share of requests once they are healthy."),
    ).toBeInTheDocument();
    expect(screen.getByText("slipway ps scale web=4 -a hello")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Scale" }));
    await user.click(await screen.findByRole("button", { name: "Back to web=2" }));
    await waitFor(() => expect(calls.filter((call) => call.method === "PATCH")).toHaveLength(2));
    expect(calls.filter((call) => call.method === "PATCH").map((call) => call.body)).toEqual([
      { web: 4 },
      { web: 2 },
    ]);
  });

  it("warn before nothing answers any more", async () => {
    served(anApp({}), (body) => ({ body }));
    await renderPiece(<Instances app={anApp({})} />);
    const field = await screen.findByLabelText("Instances of web");
    await waitFor(() => expect(field).toBeEnabled());
    await user.clear(field);
    await user.type(field, "0");
    expect(screen.getByText("hello answers no request until it is scaled up again.")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Discard" }));
    expect(field).toHaveValue("2");
    expect(screen.queryByRole("button", { name: "Scale" })).not.toBeInTheDocument();
  });

  it("keep what was typed and say beside it what is wrong", async () => {
    const calls = served(anApp({}), () =>
      refusal(422, "v3 has no process web", { scale: "v3 has no process web" }),
    );
    await renderPiece(<Instances app={anApp({})} />);
    const field = await screen.findByLabelText("Instances of web");
    await waitFor(() => expect(field).toBeEnabled());
    await user.clear(field);
    await user.type(field, "99");
    expect(field).toBeInvalid();
    expect(field).toHaveAccessibleDescription("A whole number from 0 to 50");
    expect(screen.getByRole("button", { name: "Scale" })).toBeDisabled();
    expect(calls.some((call) => call.method === "PATCH")).toBe(false);
    await user.clear(field);
    await user.type(field, "3");
    await user.click(screen.getByRole("button", { name: "Scale" }));
    await waitFor(() => expect(field).toHaveAccessibleDescription("v3 has no process web"));
    expect(field).toHaveValue("3");
    expect(within(document.body).getAllByRole("alert")).toHaveLength(1);
  });
});
