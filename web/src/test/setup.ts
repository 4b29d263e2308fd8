import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";
import { loadEnglish } from "@/i18n";

// A machine that is busy takes longer than a second.
configure({ asyncUtilTimeout: 10_000 });

// The router scrolls after each navigation; there is nothing to scroll here.
if (typeof window !== "undefined") window.scrollTo = () => {};

// Each page fetches it with its own code.
await loadEnglish();

afterEach(() => {
  cleanup();
});
