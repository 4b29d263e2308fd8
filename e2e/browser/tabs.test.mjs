// Two tabs at once, and two people: what is done in one place is seen in the
// other, without a reload and without what was being typed going lost.
import { after, afterEach, before, test } from "node:test";
import { assert, eventually, owner, Story, severed, unauthorized, visit } from "./story.mjs";

const app = "shared";

let story;
let page;
let other;
let source;
let appUrl;

before(async () => {
  story = await Story.begin();
  page = story.page;
  appUrl = (await story.deployed(app)).url;
  source = await story.source("source-shared");
  other = await story.browser.context.newPage();
});
after(() => story?.end());
afterEach((test) => story?.judge(test));

test("a deployment is seen in the other tab, from its beginning to its end", async () => {
  await story.go(`/apps/${app}`);
  await other.goto(`${story.url}/apps/${app}/deployments`);
  await other.getByRole("link", { name: /#1/ }).first().waitFor();
  await page.getByText("v1", { exact: true }).first().waitFor();

  // It builds until it is cancelled: nobody can look too late.
  await source.write('RUN ["/app", "sleep"]');
  const endless = await story.api.upload(app, await source.tar());
  await other.getByRole("link", { name: /#2/ }).first().waitFor();
  for (const tab of [other, page]) await tab.getByText("Building", { exact: false }).first().waitFor();
  await story.api.post(`/apps/${app}/deployments/${endless}/cancel`);
  for (const tab of [other, page])
    await tab.getByText("Building", { exact: false }).first().waitFor({ state: "hidden" });
  await other.getByRole("listitem").filter({ hasText: "#2" }).getByText("Cancelled").first().waitFor();

  await source.write("ENV VERSION=2");
  const number = await story.api.upload(app, await source.tar());
  await other.getByRole("link", { name: /#3/ }).first().waitFor();
  await story.api.deployed(app, number);
  await page.getByText("v2", { exact: true }).first().waitFor();
});

test("a change of config is seen in the other tab", async () => {
  await story.go(`/apps/${app}/config`);
  await other.goto(`${story.url}/apps/${app}/config`);
  await story.settled(other);
  await story.button("Add vars").click();
  await page.getByLabel("Name").fill("GREETING");
  await page.getByLabel("Value of GREETING").fill("hello");
  await page.getByRole("button", { name: /^Save/ }).click();
  await other.getByText("GREETING", { exact: true }).first().waitFor();
  await story.api.ended(app, 4);
});

test("what is typed stays when somebody else changes the same thing", async () => {
  await story.go(`/apps/${app}/settings`);
  const health = page.getByLabel("Health path");
  await health.fill("/typed-by-me");
  await other.goto(`${story.url}/apps/${app}/settings`);
  await story.settled(other);
  const theirs = other.getByLabel("Port", { exact: true });
  await story.api.patch(`/apps/${app}`, { port: 8088, health_path: "/env" });
  await eventually("the other tab shows it", async () => (await theirs.inputValue()) === "8088");
  assert.equal(await health.inputValue(), "/typed-by-me", "a form keeps what was typed");
  await story.api.patch(`/apps/${app}`, { port: 0, health_path: "" });
  await eventually("the deployments end", async () => {
    const { items } = await story.api.get(`/apps/${app}/deployments`);
    return items.every(({ state }) => ["succeeded", "failed", "cancelled", "superseded"].includes(state));
  });
});

test("a server that restarts is missed, and what changed meanwhile is caught up with", async () => {
  await story.go("/");
  await story.link(app).waitFor();
  const lost = page.getByText("No connection to the server", { exact: false });
  await story.allowing(severed, async () => {
    await story.slipway.down();
    await lost.waitFor();
    await story.link(app).waitFor(); // what was there stays
    await story.slipway.up();
    await story.api.post("/apps", { name: "meanwhile" });
    await lost.waitFor({ state: "hidden" });
    await story.link("meanwhile").waitFor();
    await story.settled(other);
  });
});

test("a destroyed app goes from the other tab, and its name with it", async () => {
  await other.goto(`${story.url}/`);
  await other.getByRole("link", { name: app, exact: true }).waitFor();

  await story.go(`/apps/${app}/settings`);
  await story.button(`Destroy ${app}`).click();
  const dialog = story.dialog();
  assert.equal(await dialog.getByRole("button", { name: "Destroy it" }).isDisabled(), true);
  await dialog.getByLabel(`Type ${app} to go on`).fill(app);
  // What is looked at may be asked for once more while it goes.
  await story.allowing(/status of 404/, async () => {
    await page.keyboard.press("Enter");
    await story.heading("Apps").waitFor();
    await other.getByRole("link", { name: app, exact: true }).waitFor({ state: "hidden" });
  });
  await eventually("the app no longer answers", async () => (await visit(appUrl)).status === 404);
});

test("who signs out in one tab is signed out in the other, and back in both", async () => {
  await story.go("/activity");
  await other.goto(`${story.url}/deployments`);
  await story.settled(other);
  await story.allowing(unauthorized, async () => {
    await story.button("Account, theme and language").click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await story.heading("Sign in").waitFor();
    await other.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
    await page.getByLabel("E-mail").fill(owner.email);
    await page.getByLabel("Password").fill(owner.password);
    await story.button("Sign in").click();
    await story.heading("Apps").waitFor();
    await other.getByRole("heading", { level: 1, name: "Deployments" }).waitFor();
  });
});
