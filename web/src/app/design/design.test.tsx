import { readFileSync } from "node:fs";
import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it } from "vitest";
import { design as en } from "@/i18n/en/design";
import { chooseLanguage } from "@/i18n/language";
import { design as zh } from "@/i18n/zh/design";
import { renderPiece } from "@/test/render";
import Design from "./Design";
import { colours, others } from "./tokens";

afterEach(() => chooseLanguage("en"));

describe("the design page", () => {
  it("shows every token there is", () => {
    const css = readFileSync("src/styles/tokens.css", "utf8");
    const declared = new Set(Array.from(css.matchAll(/^\s*--([\w-]+):/gm), (m) => m[1]));
    const shown = colours.flatMap(({ names }) => names).concat(others);
    expect(shown.sort()).toEqual([...declared].sort());
  });

  it.each([
    ["en", en],
    ["zh-CN", zh],
  ] as const)("says all it has to say in %s", async (tag, words) => {
    await chooseLanguage(tag);
    await renderPiece(<Design />);
    const text = document.body.textContent ?? "";
    const labels = Array.from(document.querySelectorAll("[aria-label]"), (e) => e.getAttribute("aria-label"));
    // Those that stand in what is not open yet, or have something filled in.
    const elsewhere = new Set(["tab_content", "body"]);
    const silent = Object.entries(words).filter(
      ([key, said]) => !elsewhere.has(key) && !text.includes(said) && !labels.includes(said),
    );
    expect(silent).toEqual([]);
    expect(document.querySelectorAll("h1")).toHaveLength(1);
  });

  it("has components that work by keyboard and come with names", async () => {
    const user = userEvent.setup();
    await renderPiece(<Design />);
    for (const button of screen.getAllByRole("button")) expect(button).toHaveAccessibleName();
    for (const box of [...screen.getAllByRole("textbox"), ...screen.getAllByRole("switch")]) {
      expect(box).toHaveAccessibleName();
    }

    const [segments] = screen.getAllByRole("group", { name: "Theme" });
    if (!segments) throw new Error("no segmented control");
    const [first, second] = within(segments).getAllByRole("radio");
    expect(first).toBeChecked();
    first?.focus();
    await user.keyboard("{ArrowRight}");
    expect(second).toBeChecked();

    const tab = screen.getByRole("tab", { name: "Steps" });
    tab.focus();
    await user.keyboard("{ArrowRight}");
    expect(screen.getByRole("tabpanel")).toHaveTextContent("What stands in “Raw”.");

    const toggle = screen.getByRole("switch", { name: /Tell me/ });
    expect(toggle).toBeChecked();
    await user.click(toggle);
    expect(toggle).not.toBeChecked();
  });

  it("sorts the table, and says by what", async () => {
    await renderPiece(<Design />);
    const head = screen.getByRole("columnheader", { name: "Requests" });
    expect(head).toHaveAttribute("aria-sort", "none");
    await userEvent.click(within(head).getByRole("button"));
    expect(head).toHaveAttribute("aria-sort", "descending");
    expect(screen.getAllByRole("cell")[0]).toHaveTextContent("shop");
  });

  it("gives the focus back when what was opened over the page closes", async () => {
    const user = userEvent.setup();
    await renderPiece(<Design />);
    const [dialogButton, sheetButton, popoverButton] = screen.getAllByRole("button", { name: "Open" });
    for (const button of [dialogButton, sheetButton, popoverButton]) {
      if (!button) throw new Error("no button");
      await user.click(button);
      expect(await screen.findByRole("dialog")).toBeInTheDocument();
      await user.keyboard("{Escape}");
      expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
      expect(button).toHaveFocus();
    }
  });
});
