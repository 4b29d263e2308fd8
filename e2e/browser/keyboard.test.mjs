// Without a mouse: from the way in to a deployed example, the palette, the
// shortcuts, and a focus that is always seen and never lost.
import { after, afterEach, before, test } from "node:test";
import { assert, owner, Story, unauthorized } from "./story.mjs";

const app = "static-site"; // as the example is called

let story;
let page;

before(async () => {
  story = await Story.begin();
  page = story.page;
});
after(() => story?.end());
afterEach((test) => story?.judge(test));

/** What has the focus: its name in short, and whether one sees that it has it. */
const focused = () =>
  page.evaluate(() => {
    const node = document.activeElement;
    if (!node || node === document.body) return { name: "nothing", seen: true };
    const marked = (one) => {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
      return (outlineStyle !== "none" && Number.parseFloat(outlineWidth) > 0) || boxShadow !== "none";
    };
    // A control that is drawn by its label has its mark there.
    const label = node.matches("input[type=radio], input[type=checkbox]") && node.closest("label");
    const seen = marked(node) || (label && marked(label));
    const name = node.getAttribute("aria-label") ?? node.labels?.[0]?.textContent ?? node.textContent;
    return { name: `${node.tagName} ${name.trim().slice(0, 60)}`, seen };
  });

/** Presses keys that belong together; whoever types them pauses for no page between them. */
const type = (...keys) => Promise.all(keys.map((key) => page.keyboard.press(key)));

/** Presses Tab until something has the focus; every stop on the way must show it. */
async function tabTo(locator, most = 60) {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    const { name, seen } = await focused();
    assert.ok(seen, `one does not see that ${name} has the focus`);
    if (await locator.evaluate((node) => node === document.activeElement)) return;
  }
  assert.fail(`not reached by ${most} times Tab: ${locator}`);
}

test("signing in", async () => {
  await story.allowing(unauthorized, async () => {
    await page.context().clearCookies();
    await story.go("/sign-in");
    await story.heading("Sign in").waitFor();
  });
  const email = page.getByLabel("E-mail");
  if (!(await email.evaluate((node) => node === document.activeElement))) await tabTo(email);
  await page.keyboard.type(owner.email);
  await tabTo(page.getByLabel("Password"));
  await page.keyboard.type(owner.password);
  await page.keyboard.press("Enter");
  await story.heading("Apps").waitFor();
});

test("an example is deployed", async () => {
  await type("n", "a");
  await story.heading("New app").waitFor();
  const example = page.getByRole("radio", { name: "An example" });
  await tabTo(page.getByRole("radio", { name: "This folder" }));
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowDown");
  assert.ok(await example.isChecked(), "the arrow keys choose");
  await tabTo(page.getByRole("button", { name: "Deploy Static site" }));
  await page.keyboard.press("Enter");
  await story.heading(`${app} is live`).waitFor({ timeout: 60_000 });
  await page.waitForFunction(() => document.activeElement !== document.body); // the focus is not lost
});

test("the shortcuts are listed, and Escape leads back", async () => {
  await page.keyboard.press("?");
  const dialog = story.dialog();
  await dialog.getByText("Go to", { exact: false }).first().waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await type("g", "d");
  await story.heading("Deployments").waitFor();
  await type("g", "a");
  await story.heading("Apps").waitFor();
});

test("the first stop of a page leads to its content", async () => {
  await page.reload();
  await story.settled();
  await page.keyboard.press("Tab");
  assert.match((await focused()).name, /Skip to the content/);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.id === "main");
});

test("a menu is opened, walked through, and left to where it was opened", async () => {
  await page.reload();
  await story.settled();
  const button = page.getByRole("button", { name: "Account, theme and language" });
  await tabTo(button);
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor();
  for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowDown");
  assert.notEqual((await focused()).name, "nothing");
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "hidden" });
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-haspopup") === "menu");
});

test("the palette finds an app and a page of it", async () => {
  await page.keyboard.press("ControlOrMeta+k");
  await story.dialog().waitFor();
  await page.keyboard.type(app);
  await story.dialog().getByRole("option", { name: app }).first().waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(`${story.url}/apps/${app}`);
  await page.getByText("Up and serving").waitFor();

  await page.keyboard.press("ControlOrMeta+k");
  await story.dialog().waitFor();
  await page.keyboard.type("logs");
  await story.dialog().getByRole("option", { name: "Logs" }).first().waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(`${story.url}/apps/${app}/logs`);
});

test("every stop of every page of an app shows that it has the focus", async () => {
  for (const path of [
    "",
    "/deployments",
    "/deployments/1",
    "/logs",
    "/config",
    "/releases",
    "/domains",
    "/settings",
  ]) {
    await story.go(`/apps/${app}${path}`);
    await story.settled();
    const stops = new Set();
    for (let i = 0; i < 120; i++) {
      await page.keyboard.press("Tab");
      const { name, seen } = await focused();
      if (name === "nothing") break; // past the last one
      assert.ok(seen, `${path}: one does not see that ${name} has the focus`);
      stops.add(name);
    }
    assert.ok(stops.size >= 12, `${path} has ${stops.size} stops: ${[...stops]}`);
  }
});
