// The dashboard, driven in a real browser against a real Slipway. One story
// from the first link on: each part goes on where the one before it ended.
import assert from "node:assert/strict";
import { request } from "node:http";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { eventually, findSlipway } from "./browser/slipway.mjs";
import { buildApp, Source } from "./browser/source.mjs";
import { openBrowser } from "./browser/watched.mjs";
import { layWire } from "./browser/wire.mjs";

const app = `story-${process.pid.toString(36)}`;
const owner = { email: "ada@example.com", name: "Ada", password: "a long enough password" };

let slipway;
let wire;
let browser;
let page;
let source;
let appUrl;
let gitUrl;
let token;

before(async () => {
  slipway = await findSlipway();
  wire = await layWire(slipway.url, slipway.dir);
  browser = await openBrowser(wire.browser, new URL(slipway.url).origin);
  page = browser.page;
  source = await new Source(join(slipway.dir, "source"), await buildApp(slipway.dir)).init();
});

after(async () => {
  await browser?.close();
  await wire?.close();
  await slipway?.stop();
});

afterEach(() => browser.checkComplaints());

const go = (path) => page.goto(slipway.url + path);
const heading = (name) => page.getByRole("heading", { level: 1, name });
const button = (name) => page.getByRole("button", { name, exact: true });
const unauthorized = /status of 401/;

/** Asks the app for a page through the router, by the name it has there. */
function visit(path) {
  const { hostname, port } = new URL(appUrl);
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, path, headers: { Host: `${hostname}:${port}` } },
      (answer) => {
        let body = "";
        answer.on("data", (part) => {
          body += part;
        });
        answer.on("end", () => resolve({ status: answer.statusCode, body }));
      },
    );
    sent.on("error", reject);
    sent.end();
  });
}

const stateOf = () => page.locator("h1 + span");
const succeeded = () => stateOf().getByText("Succeeded").waitFor({ timeout: 60_000 });

test("the link makes the owner or signs in, and works once", async () => {
  const link = new URL(slipway.enter);
  await go(link.pathname + link.search);
  if (link.pathname === "/setup") {
    await heading("Create the owner").waitFor();
    await browser.allowing(/status of 4\d\d/, async () => {
      await page.getByLabel("E-mail").fill(owner.email);
      await page.getByLabel("Password").fill("short");
      await button("Create and sign in").click();
      await page.getByRole("alert").first().waitFor();
    });
    assert.equal(await page.getByLabel("E-mail").inputValue(), owner.email, "the form keeps what was typed");
    await page.getByLabel("Name").fill(owner.name);
    await page.getByLabel("Password").fill(owner.password);
    await button("Create and sign in").click();
  }
  await heading("Apps").waitFor();
  assert.equal(await page.title(), "Apps · Slipway");

  const made = await browser.context.request.post(`${slipway.url}/api/v1/sign-in-links`, { data: {} });
  assert.equal(made.status(), 201, await made.text());
  const signIn = new URL((await made.json()).url);
  await button("Account and theme").click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await heading("Sign in").waitFor();

  await browser.allowing(unauthorized, async () => {
    await go("/account/tokens");
    await heading("Sign in").waitFor();
  });
  await go(signIn.pathname + signIn.search);
  await heading("Apps").waitFor();

  await browser.allowing(/status of 4\d\d/, async () => {
    await go(signIn.pathname + signIn.search);
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Password").waitFor();
  });
  await go("/");
  await heading("Apps").waitFor();
});

test("a new app waits for its push and comes alive with it", async () => {
  await page.getByRole("link", { name: "New app" }).first().click();
  await browser.allowing(/status of 4\d\d/, async () => {
    await page.getByLabel("Name").fill("Not A Name");
    await button("Create app").click();
    await page.getByRole("alert").waitFor();
  });
  assert.equal(await page.getByLabel("Name").getAttribute("aria-invalid"), "true");
  await page.getByLabel("Name").fill(app);
  await button("Create app").click();
  await heading(`${app} is ready for its first deployment`).waitFor();

  const commands = await page.locator("pre").allTextContents();
  token = commands.find((text) => text.startsWith("slw_"));
  assert.ok(token, `a token is shown: ${commands}`);
  gitUrl = /git remote add slipway (\S+)/.exec(commands.join("\n"))?.[1];
  assert.equal(gitUrl, `${slipway.url}/${app}.git`, "the command holds the real host");

  await source.commit("First words", "ENV SAY=ready");
  const pushing = source.push(gitUrl, token);
  await heading("Deployment #1").waitFor();
  await page.getByText("COPY app /app").waitFor();
  const pushed = await pushing;
  assert.ok(pushed.ok, pushed.output);
  await succeeded();
  for (const phase of ["Queue", "Build", "Release", "Deploy"]) {
    const item = page.getByRole("list", { name: "Phases" }).getByRole("listitem").filter({ hasText: phase });
    assert.match(await item.innerText(), /Done/, phase);
    assert.match(await item.innerText(), /\d (ms|s)/, phase);
  }
  appUrl = await page.getByRole("link", { name: /Open the app/ }).getAttribute("href");
  assert.equal((await visit("/")).status, 200);
  assert.equal(await page.title(), `Succeeded · #1 · ${app} · Slipway`);

  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByText("Up and serving").waitFor();
  await page.getByText("1 of 1 instances run").waitFor();
  await page.getByText("Healthy").waitFor();
});

test("a failing build shows its step and its error, and what was live goes on", async () => {
  await page.getByRole("link", { name: "Deployments" }).last().click();
  await page.getByRole("link", { name: /#1/ }).waitFor();
  await source.commit("Break it", 'RUN ["/app", "fail"]');
  const pushing = source.push(gitUrl, token);
  await page.getByRole("link", { name: /#2/ }).click(); // it came by itself
  await stateOf().getByText("Failed").waitFor({ timeout: 60_000 });
  assert.equal((await pushing).ok, false, "the push fails with the deployment");
  await page.getByText("The deployment failed. What was live goes on serving.").waitFor();
  const step = page.getByRole("button", { expanded: true }).filter({ hasText: "/app" });
  await step.waitFor();
  await page.getByText("it broke for a good reason").first().waitFor();
  assert.equal((await visit("/")).status, 200);
});

test("a log that was cut says so, and goes on with what was written meanwhile", async () => {
  await page.getByRole("link", { name: "Logs", exact: true }).click();
  const pane = page.getByRole("region", { name: `Logs of ${app}` });
  await visit("/before-the-cut");
  await pane.getByText("/before-the-cut").waitFor();
  await page.getByText("Live", { exact: true }).last().waitFor();

  await browser.allowing(/ERR_|WebSocket|Failed to load/, async () => {
    wire.cut();
    await page.getByText("Disconnected, reconnecting…").waitFor();
    await page.getByText("The connection to the server is lost.", { exact: false }).waitFor();
    await visit("/while-it-was-cut");
    wire.mend();
    await pane.getByText("/while-it-was-cut").waitFor();
  });
  await pane.getByText(/Disconnected at .* resumed at/).waitFor();
  assert.equal(await pane.getByText("/before-the-cut").count(), 1, "no line comes twice");
  assert.equal(await pane.getByText("/while-it-was-cut").count(), 1);
  await page
    .getByText("The connection to the server is lost.", { exact: false })
    .waitFor({ state: "hidden" });

  await page.getByRole("searchbox", { name: "Search these lines" }).fill("WHILE-it");
  await pane.getByText("/before-the-cut").waitFor({ state: "hidden" });
  assert.match(await pane.locator("mark").first().innerText(), /while-it/);
  await page.getByText(/^1 of \d+ lines$/).waitFor();
});

test("config is hidden until asked for, and a change is deployed", async () => {
  await page.getByRole("link", { name: "Config" }).click();
  await button("Add vars").click();
  await page.getByLabel("Name").focus();
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.setData("text/plain", 'SAY="from the config"\nVERSION=2\n');
    document.activeElement?.dispatchEvent(
      new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }),
    );
  });
  await button("Save 2 and deploy").click();
  await page.getByRole("link", { name: "Watch" }).click();
  await heading("Deployment #3").waitFor();
  await succeeded();
  await page.getByRole("link", { name: "Config" }).click();
  await page.getByText("VERSION").waitFor();
  assert.equal(await page.getByText("from the config").count(), 0);
  await button("Reveal SAY").click();
  await page.getByText("from the config").waitFor();
});

test("a rollback makes an earlier release live again", async () => {
  await page.getByRole("link", { name: "Releases" }).click();
  const live = page.getByRole("listitem").filter({ hasText: "Live" });
  await live.getByText("v2", { exact: true }).waitFor();
  await button("Roll back to v1").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("−VERSION").waitFor();
  await dialog.getByText(`slipway rollback v1 -a ${app}`).waitFor({ state: "attached" });
  await dialog.getByRole("button", { name: "Roll back to v1" }).click();
  await heading("Deployment #4").waitFor();
  await succeeded();
  await page.getByRole("link", { name: "Releases" }).click();
  await live.getByText("v1", { exact: true }).waitFor();
});

test("a token is shown once, and is worthless when revoked", async () => {
  await go("/account/tokens");
  await button("New token").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("A script");
  await dialog.getByLabel("read").check();
  await dialog.getByRole("button", { name: "Make token" }).click();
  const secret = await page.locator("pre", { hasText: "slw_" }).innerText();
  const ask = () => fetch(`${slipway.url}/api/v1/apps`, { headers: { Authorization: `Bearer ${secret}` } });
  assert.equal((await ask()).status, 200);

  await page.reload();
  const listed = page.getByRole("listitem").filter({ hasText: "A script" });
  await listed.waitFor();
  assert.equal(await page.getByText(secret).count(), 0);
  await button("Revoke “A script”").click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke", exact: true }).click();
  await listed.waitFor({ state: "hidden" });
  assert.equal((await ask()).status, 401);
});

test("the first page is light, and asks for nothing but what is there", async () => {
  await go("/");
  await page.getByRole("link", { name: app, exact: true }).waitFor();
  const bytes = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter((entry) => entry.name.endsWith(".js"))
      .reduce((sum, entry) => sum + entry.encodedBodySize, 0),
  );
  assert.ok(bytes > 10_000 && bytes <= 150_000, `${bytes} bytes of compressed script`);
});

test("every page fits a narrow phone, light and dark", async () => {
  const paths = [
    "",
    "/deployments",
    "/deployments/2",
    "/logs",
    "/config",
    "/releases",
    "/domains",
    "/settings",
  ];
  const pages = [...paths.map((path) => `/apps/${app}${path}`), "/", "/new", "/deployments", "/activity"];
  pages.push("/account", "/account/tokens", "/account/sessions");
  await page.setViewportSize({ width: 360, height: 740 });
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const path of pages) {
      await go(path);
      await page.locator("h1").first().waitFor({ state: "attached" });
      await page.waitForFunction(() => !document.querySelector("[role=status][aria-label='Loading…']"));
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.equal(over, 0, `${path} is ${over} px too wide`);
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize({ width: 1280, height: 900 });
});

test("what one tab does, another one shows; destroying takes the name", async () => {
  const other = await browser.context.newPage();
  await other.goto(`${slipway.url}/`);
  await other.getByRole("link", { name: app, exact: true }).waitFor();

  await go(`/apps/${app}/settings`);
  await button(`Destroy ${app}`).click();
  const dialog = page.getByRole("dialog");
  assert.equal(await dialog.getByRole("button", { name: "Destroy it" }).isDisabled(), true);
  await dialog.getByLabel(`Type ${app} to go on`).fill(app);
  // What is looked at may be asked for once more while it goes.
  await browser.allowing(/status of 404/, async () => {
    await page.keyboard.press("Enter");
    await heading("Apps").waitFor();
    await other.getByRole("link", { name: app, exact: true }).waitFor({ state: "hidden" });
  });
  await other.close();
  await eventually("the app no longer answers", async () => (await visit("/")).status === 404);
});
