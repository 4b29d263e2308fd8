// Two tabs at once: what is done in one is seen in the other, without a reload.
import { after, afterEach, before, test } from "node:test";
import { assert, eventually, Story, visit } from "./story.mjs";

const app = "shared";

let story;
let page;
let other;
let appUrl;

before(async () => {
  story = await Story.begin();
  page = story.page;
  appUrl = (await story.deployed(app)).url;
  other = await story.browser.context.newPage();
});
after(() => story?.end());
afterEach(() => story.complaints());

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
