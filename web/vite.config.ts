/// <reference types="vitest/config" />
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.SLIPWAY_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    proxy: {
      // The server wants requests that change something to come from its own origin.
      "/api": { target: server, changeOrigin: true, ws: true, headers: { origin: new URL(server).origin } },
    },
  },
  build: {
    target: "es2022",
    // The content security policy knows no data: URLs, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // For the check of the first page's size, which removes it again.
    manifest: true,
    rolldownOptions: {
      output: {
        // What every page begins with, in two files and not in forty: they compress
        // better together, and the one of other people's code changes seldom.
        codeSplitting: {
          groups: [
            { name: "vendor", tags: ["$initial"], test: /node_modules/, priority: 2 },
            { name: "base", tags: ["$initial"], test: /src[\\/]/, priority: 1 },
          ],
        },
      },
    },
  },
  test: {
    environment: "jsdom",
    setupFiles: ["./src/test/setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    testTimeout: 30_000, // a busy machine is no failure
  },
});
