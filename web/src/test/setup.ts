import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";
import { loadEnglish } from "@/i18n";

// The router scrolls after each navigation; there is nothing to scroll here.
if (typeof window !== "undefined") window.scrollTo = () => {};

// Each page fetches it with its own code.
await loadEnglish();

afterEach(() => {
  cleanup();
});
