import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EntranceChoices } from "@/app/EntranceChoices";
import { renderPiece } from "@/test/render";
import { currentLanguage, t } from "./index";
import { chooseLanguage, startLanguage, useLanguage } from "./language";

function Form() {
  useLanguage();
  const [text, setText] = useState("");
  return (
    <>
      <label>
        {t("account.name")}
        <input value={text} onChange={(e) => setText(e.target.value)} />
      </label>
      <EntranceChoices />
    </>
  );
}

beforeEach(() => localStorage.clear());
afterEach(() => chooseLanguage("en"));

describe("the language", () => {
  it("changes in place, and keeps what was typed", async () => {
    await renderPiece(<Form />);
    await userEvent.type(screen.getByLabelText("Name"), "Ada");
    await userEvent.selectOptions(screen.getByLabelText("Language"), "简体中文");
    expect(await screen.findByLabelText("姓名")).toHaveValue("Ada");
    expect(document.documentElement.lang).toBe("zh-CN");
    await waitFor(() => expect(localStorage.getItem("slipway.language")).toBe("zh-CN"));
  });

  it("is the one that was chosen before", async () => {
    localStorage.setItem("slipway.language", "zh-CN");
    await startLanguage();
    expect(t("common.save")).toBe("保存");
    localStorage.setItem("slipway.language", "tlh");
    window.dispatchEvent(new StorageEvent("storage", { key: "slipway.language" }));
    await waitFor(() => expect(currentLanguage()).toBe("en"));
  });

  it("is changed by this browser's other tabs", async () => {
    await startLanguage();
    expect(currentLanguage()).toBe("en");
    localStorage.setItem("slipway.language", "zh-CN");
    window.dispatchEvent(new StorageEvent("storage", { key: "slipway.language" }));
    await waitFor(() => expect(document.documentElement.lang).toBe("zh-CN"));
  });
});
