// Deployments: one that fails, a change of config, a rollback.
import { after, afterEach, before, test } from "node:test";
import { assert, Story, visit } from "./story.mjs";

const app = "ship";

let story;
let page;
let source;
let appUrl;

before(async () => {
  story = await Story.begin();
  page = story.page;
  source = await story.source();
  await story.api.post("/apps", { name: app });
  appUrl = (await story.api.get(`/apps/${app}`)).url;
  await source.commit("First words", "ENV SAY=ready");
  const pushed = await source.push(`${story.url}/${app}.git`, story.api.token);
  assert.ok(pushed.ok, pushed.output);
});
after(() => story?.end());
afterEach((test) => story?.judge(test));

test("a failing build shows its step and its error, and what was live goes on", async () => {
  await story.go(`/apps/${app}/deployments`);
  await page.getByRole("link", { name: /#1/ }).first().waitFor();
  await source.commit("Break it", 'RUN ["/app", "fail"]');
  const pushing = source.push(`${story.url}/${app}.git`, story.api.token);
  await page.getByRole("link", { name: /#2/ }).first().click(); // it came by itself
  await story.ended("Failed");
  assert.equal((await pushing).ok, false, "the push fails with the deployment");
  await page.getByText("What was live goes on serving.", { exact: false }).first().waitFor();
  const step = page.getByRole("button", { expanded: true }).filter({ hasText: "/app" });
  await step.first().waitFor();
  await page.getByText("it broke for a good reason").first().waitFor();
  assert.equal((await visit(appUrl)).status, 200);
});

test("config is hidden until asked for, and a change is deployed", async () => {
  const { button } = story;
  await story.tab("Config").click();
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
  // The way to the deployment that the change made.
  await page.getByRole("link", { name: story.say("config.see_deployment"), exact: true }).click();
  await story.heading("Deployment #3").waitFor();
  assert.equal(new URL(page.url()).pathname, `/apps/${app}/deployments/3`);
  await story.ended("Succeeded");
  assert.equal((await visit(appUrl, "/env?name=SAY")).body.trim(), "from the config");
  await story.tab("Config").click();
  await page.getByText("VERSION").first().waitFor();
  assert.equal(await page.getByText("from the config").count(), 0);
  await button("Reveal SAY").click();
  await page.getByText("from the config").waitFor();
});

test("a rollback tells what it changes, and makes an earlier release live again", async () => {
  await story.tab("Releases").click();
  const live = page.getByRole("listitem").filter({ hasText: "Live" });
  await live.getByText("v2", { exact: true }).first().waitFor();
  await story.button("Roll back to v1").click();
  const dialog = story.dialog();
  await dialog.getByText("VERSION").first().waitFor();
  await dialog.getByText(`slipway rollback v1 -a ${app}`).waitFor({ state: "attached" });
  await dialog.getByRole("button", { name: "Roll back to v1" }).click();
  await story.heading("Deployment #4").waitFor();
  await story.ended("Succeeded");
  await story.tab("Releases").click();
  await live.getByText("v1", { exact: true }).first().waitFor();
});

test("an app, a deployment and a page that are not there are said not to be, and lead on", async () => {
  await story.allowing(/status of 404|response code: 404/, async () => {
    for (const path of ["", "/logs", "/deployments/7"]) {
      await story.go(`/apps/nobody${path}`);
      await story.heading("No app is called nobody").waitFor();
    }
    await page.getByRole("link", { name: story.say("missing.home"), exact: true }).click();
    await story.heading("Apps").waitFor();

    await story.go(`/apps/${app}/deployments/99`);
    await page.getByText(story.say("deployment.missing", { app, n: 99 })).waitFor();
    await story.tab("Deployments").click();
    await page.getByRole("link", { name: /#4/ }).first().waitFor();
  });
  await story.go("/no/such/page");
  await story.heading(story.say("missing.title")).waitFor();
});

test("the page of an app that is not there yet comes alive when somebody makes it", async () => {
  await story.allowing(/status of 404/, async () => {
    await story.go("/apps/nobody");
    await story.heading("No app is called nobody").waitFor();
    await story.api.post("/apps", { name: "nobody" });
    await story.tab("Overview").waitFor();
  });
});
