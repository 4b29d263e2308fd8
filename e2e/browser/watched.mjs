// A browser whose complaints fail the test: errors on the console, exceptions,
// what the content security policy refused, requests to any other host.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Opens the browser: {context, page, newPage, complaints, allowing, close}. */
export async function openBrowser(program, origin, look = {}) {
  const profile = await mkdtemp(join(tmpdir(), "slipway-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: program,
    headless: true,
    args: flags,
    viewport: { width: 1280, height: 900 },
    locale: "en-US",
    ...look,
  });
  context.setDefaultTimeout(20_000);
  const complaints = [];
  const allowed = new Set();
  const complain = (text) => {
    if (![...allowed].some((pattern) => pattern.test(text))) complaints.push(text);
  };
  const watch = (page) => {
    page.on("console", (message) => {
      if (message.type() === "error") complain(`console: ${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => complain(`exception: ${error.stack ?? error.message}`));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.origin !== origin && url.protocol !== "about:") complain(`request to another host: ${url}`);
    });
  };
  context.on("page", watch);
  for (const page of context.pages()) watch(page);
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(
        `content security policy: ${event.violatedDirective} refused ${event.blockedURI || "inline"}`,
      );
    });
  });
  return {
    context,
    page: context.pages()[0] ?? (await context.newPage()),
    /** Lets complaints of one kind pass while something is done that causes them. */
    async allowing(pattern, act) {
      allowed.add(pattern);
      try {
        return await act();
      } finally {
        allowed.delete(pattern);
      }
    },
    checkComplaints() {
      assert.deepEqual(complaints.splice(0), []);
    },
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
