import { render } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type TitleMark, titleOf, useTitle, useTitleMark } from "./title";

function Page({ mark }: { mark?: TitleMark }) {
  useTitle("Logs", "shop");
  useTitleMark(mark);
  return null;
}

const icon = () => document.querySelector("link[rel=icon]")?.getAttribute("href");

describe("the title", () => {
  beforeEach(() => {
    document.head.innerHTML = '<link rel="icon" href="/favicon.svg">';
  });
  afterEach(() => {
    document.head.innerHTML = "";
  });

  it("names the page, and what happens to its app first", () => {
    expect(titleOf(["Logs", "shop"])).toBe("Logs · shop · Slipway");
    expect(titleOf(["shop"], { app: "shop", tone: "running", words: "building" })).toBe("● building · shop");
    expect(titleOf(["Logs", "shop"], { app: "shop", tone: "failed", words: "failed" })).toBe(
      "✕ failed · shop · Logs",
    );
  });

  it("and the icon follow the deployment, and go back when the page is left", () => {
    const { rerender, unmount } = render(<Page mark={{ app: "shop", tone: "running", words: "building" }} />);
    expect(document.title).toBe("● building · shop · Logs");
    expect(icon()).toBe("/favicon-running.svg");
    rerender(<Page mark={{ app: "shop", tone: "failed", words: "failed" }} />);
    expect(icon()).toBe("/favicon-failed.svg");
    rerender(<Page />);
    expect(document.title).toBe("Logs · shop · Slipway");
    rerender(<Page mark={{ app: "shop", tone: "running", words: "queued" }} />);
    unmount();
    expect(icon()).toBe("/favicon.svg");
  });
});
