import { render, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Deployment } from "@/api/types";
import { BuildLog } from "@/deployments/buildlog";
import type { Around } from "@/deployments/phasewords";
import { aDeployment } from "@/test/deployments";
import { Timeline } from "./Timeline";

const at = (s: number) => new Date(Date.UTC(2026, 0, 2, 3, 4, s)).toISOString();
const around = (part: Partial<Around> = {}): Around => ({
  log: new BuildLog(),
  ahead: [],
  instances: [],
  scale: {},
  release: undefined,
  draining: { instances: 0, versions: [], endedAt: undefined, none: false },
  ...part,
});
const show = (d: Partial<Deployment>, more: Partial<Around> = {}) =>
  render(<Timeline deployment={aDeployment({ created_at: at(0), ...d })} around={around(more)} />);
const phase = (name: string) => {
  const item = screen.getByText(name).closest("li");
  if (!item) throw new Error(`no phase ${name}`);
  return within(item);
};

describe("Timeline", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.setSystemTime(Date.parse(at(12)));
  });
  afterEach(() => vi.useRealTimers());

  it("counts on while it runs, and says until when", () => {
    show({ state: "building", started_at: at(2), phase_deadline: at(50) });
    expect(phase("Queue").getByText("2.0 s")).toBeInTheDocument();
    expect(phase("Build").getByText("10 s")).toBeInTheDocument();
    expect(phase("Build").getByText(/^gives up at \d\d:04:50$/)).toBeInTheDocument();
    expect(phase("Release").getByText("To come")).toBeInTheDocument();
  });

  it("does not say when it would have given up once it is over", () => {
    show({ state: "failed", started_at: at(2), finished_at: at(5), phase_deadline: at(50) });
    expect(phase("Build").getByText("Failed here")).toBeInTheDocument();
    expect(screen.queryByText(/gives up/)).not.toBeInTheDocument();
  });

  it("tells the parts of deploying apart", () => {
    const log = new BuildLog();
    const line = { source: "slipway", seq: 0, time: at(5), text: "" };
    log.addLines([
      { ...line, seq: 1, text: "starting 2 instances of web" },
      { ...line, seq: 2, time: at(9), text: "web is healthy after 4.0 s" },
      { ...line, seq: 3, time: at(10), text: "traffic switched to v3" },
    ]);
    show(
      {
        state: "succeeded",
        started_at: at(1),
        built_at: at(4),
        released_at: at(5),
        finished_at: at(10),
        release: 3,
      },
      { log, draining: { instances: 1, versions: [2], endedAt: undefined, none: false } },
    );
    expect(phase("Health").getByText("4.0 s")).toBeInTheDocument();
    expect(phase("Switch traffic").getByText("1.0 s")).toBeInTheDocument();
    expect(
      phase("Drain the old").getByText("Ending the last requests of 1 instance of v2"),
    ).toBeInTheDocument();
    expect(phase("Drain the old").getByText("2.0 s")).toBeInTheDocument();
    expect(phase("Release").getByText("Done · v3")).toBeInTheDocument();
  });

  it("says so of what needs no build", () => {
    show({ trigger: "rollback", state: "succeeded", started_at: at(1), finished_at: at(2), release: 1 });
    expect(phase("Build").getByText("Not needed")).toBeInTheDocument();
  });
});
