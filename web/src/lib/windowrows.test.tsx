import { act, render, screen } from "@testing-library/react";
import { useRef } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { rowsNear, useWindowRows } from "./windowrows";

describe("rowsNear", () => {
  it("gives the rows on the screen and a few around them", () => {
    expect(rowsNear(0, 500, 50, 1000, 2)).toEqual({ first: 0, end: 12 });
    expect(rowsNear(200, 500, 50, 1000, 2)).toEqual({ first: 0, end: 8 });
    expect(rowsNear(-10_000, 500, 50, 1000, 2)).toEqual({ first: 198, end: 212 });
    expect(rowsNear(-49_800, 500, 50, 1000, 2)).toEqual({ first: 994, end: 1000 });
  });

  it("gives none where there are none, or all are far below", () => {
    expect(rowsNear(0, 500, 50, 0, 2)).toEqual({ first: 0, end: 0 });
    expect(rowsNear(5000, 500, 50, 10, 2)).toEqual({ first: 0, end: 0 });
  });
});

describe("useWindowRows", () => {
  let top = 0;
  let renders = 0;
  const height = () => 100;

  function List() {
    const holder = useRef<HTMLUListElement>(null);
    const { first, end } = useWindowRows({ holder, count: 500, rowHeight: height, overscan: 1 });
    renders++;
    return <ul ref={holder} aria-label={`${first}-${end}`} />;
  }

  beforeEach(() => {
    renders = 0;
    top = 0;
    vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockImplementation(
      () => new DOMRect(0, top, 100, 100),
    );
    vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => {
      callback(0);
      return 0;
    });
    window.innerHeight = 800;
  });
  afterEach(() => vi.unstubAllGlobals());

  const scroll = (to: number) =>
    act(() => {
      top = -to;
      window.dispatchEvent(new Event("scroll"));
    });

  it("follows the scrolling, and renders only when other rows come near", () => {
    render(<List />);
    expect(screen.getByLabelText("0-9")).toBeInTheDocument();
    const before = renders;
    scroll(0);
    scroll(0);
    expect(renders).toBe(before);
    scroll(20_050);
    expect(screen.getByLabelText("199-210")).toBeInTheDocument();
  });
});
