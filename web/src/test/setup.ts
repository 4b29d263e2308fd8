import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

// The router scrolls after each navigation; there is nothing to scroll here.
if (typeof window !== "undefined") window.scrollTo = () => {};

afterEach(() => {
  cleanup();
});
