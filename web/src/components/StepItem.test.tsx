import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it } from "vitest";
import type { StepView } from "@/deployments/buildlog";
import { StepItem } from "./StepItem";

const step = (part: Partial<StepView>): StepView => ({
  id: "a",
  name: "RUN go build",
  status: "running",
  startedAt: 1000,
  durationMs: undefined,
  error: "",
  internal: false,
  lines: [{ seq: 1, time: "2026-01-02T03:04:05Z", source: "build", text: "compiling" }],
  dropped: 0,
  ...part,
});

function Shown({ view, now }: { view: StepView; now: number }) {
  const [chosen, choose] = useState<boolean>();
  return <StepItem step={view} lineCount={view.lines.length} now={now} chosen={chosen} onChoose={choose} />;
}
const show = (view: StepView, now = 5200) => <Shown view={view} now={now} />;

describe("StepItem", () => {
  it("is open while it runs, and counts the seconds", () => {
    const { rerender } = render(show(step({})));
    expect(screen.getByText("compiling")).toBeInTheDocument();
    expect(screen.getByText("4.2 s")).toBeInTheDocument();
    rerender(show(step({ status: "done", durationMs: 61_500 })));
    expect(screen.queryByText("compiling")).not.toBeInTheDocument();
    expect(screen.getByText("1 m 01 s")).toBeInTheDocument();
  });

  it("is open with its error first when it failed", () => {
    render(show(step({ status: "failed", durationMs: 10, error: "exit code 1" })));
    const error = screen.getByText("exit code 1");
    const output = screen.getByText("compiling");
    expect(error.compareDocumentPosition(output) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
  });

  it("is not opened for less than a second: the page would jump", () => {
    const { rerender } = render(show(step({}), 1900));
    expect(screen.queryByText("compiling")).not.toBeInTheDocument();
    rerender(show(step({}), 2000));
    expect(screen.getByText("compiling")).toBeInTheDocument();
  });

  it("stays as somebody has put it", async () => {
    const { rerender } = render(show(step({})));
    await userEvent.click(screen.getByRole("button", { expanded: true }));
    expect(screen.queryByText("compiling")).not.toBeInTheDocument();
    rerender(show(step({ status: "failed", durationMs: 10 })));
    expect(screen.queryByText("compiling")).not.toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { expanded: false }));
    expect(screen.getByText("compiling")).toBeInTheDocument();
  });

  it("says that it was taken from the cache, and has nothing to unfold", () => {
    render(show(step({ status: "cached", lines: [] })));
    expect(screen.getByText("cached")).toBeInTheDocument();
    expect(screen.getByRole("button")).toBeDisabled();
  });
});
