import { act, fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { renderPiece } from "@/test/render";
import { toast } from "./toast";

describe("a toast", () => {
  beforeEach(async () => {
    await renderPiece(<p>page</p>);
    vi.useFakeTimers();
  });
  afterEach(() => {
    act(() => vi.advanceTimersByTime(60_000));
    vi.useRealTimers();
  });

  it("goes by itself", () => {
    act(() => toast("Saved."));
    expect(screen.getByText("Saved.")).toBeInTheDocument();
    act(() => vi.advanceTimersByTime(7000));
    expect(screen.queryByText("Saved.")).not.toBeInTheDocument();
  });

  it("waits while somebody points at it", () => {
    act(() => toast("Saved."));
    const shown = screen.getByText("Saved.").parentElement as HTMLElement;
    fireEvent.pointerEnter(shown);
    act(() => vi.advanceTimersByTime(30_000));
    expect(screen.getByText("Saved.")).toBeInTheDocument();
    fireEvent.pointerLeave(shown);
    act(() => vi.advanceTimersByTime(7000));
    expect(screen.queryByText("Saved.")).not.toBeInTheDocument();
  });
});
