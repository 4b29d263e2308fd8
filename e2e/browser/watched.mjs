// A browser whose complaints fail the test: errors on the console, exceptions,
// what the content security policy refused, requests to any other host.
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

// How much of what was asked for is remembered.
const remembered = 600;

/** Opens the browser: {context, page, asked, complaints, allowing, close}. */
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
  context.setDefaultTimeout(40_000); // of a machine that does other things too
  const complaints = [];
  const allowed = new Set();
  const complain = (text) => {
    if (![...allowed].some((pattern) => pattern.test(text))) complaints.push(text);
  };
  const asked = [];
  const note = (text) => {
    asked.push(`${new Date().toISOString()} ${text}`);
    if (asked.length > remembered) asked.shift();
  };
  const watch = (page) => {
    page.on("framenavigated", (frame) => note(`at ${frame.url()}`));
    page.on("response", (answer) => note(`${answer.status()} ${answer.request().method()} ${answer.url()}`));
    page.on("requestfailed", (request) => note(`${request.failure()?.errorText} ${request.url()}`));
    page.on("websocket", (socket) => {
      note(`opened ${socket.url()}`);
      socket.on("close", () => note(`closed ${socket.url()}`));
      // Lines of a log would push all else out.
      if (socket.url().includes("/live"))
        socket.on("framereceived", ({ payload }) => note(`heard ${payload}`.trim()));
    });
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
    /** What was asked for and heard lately, in words. */
    asked,
    /** Lets complaints of one kind pass while something is done that causes them. */
    async allowing(pattern, act) {
      allowed.add(pattern);
      try {
        return await act();
      } finally {
        allowed.delete(pattern);
      }
    },
    /** What it complained of and nobody allowed. */
    complaints,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
