// A phone: narrow, and without a mouse.
import { after, afterEach, before, test } from "node:test";
import { pages } from "./pages.mjs";
import { assert, Story, unauthorized } from "./story.mjs";
import { makeWorld, world } from "./world.mjs";

let story;
let page;

before(async () => {
  story = await Story.begin({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  page = story.page;
  await makeWorld(story);
});
after(() => story?.end());
afterEach(() => story.complaints());

/** By how much what stands there is wider than the screen, and what it is. */
const tooWide = () =>
  page.evaluate(() => {
    const over = Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - 360;
    if (over <= 0 && window.visualViewport.width === 360) return [];
    const reach = [...document.querySelectorAll("body *")].filter(
      (node) => node.getBoundingClientRect().right > 360.5,
    );
    return [`${over} px: ${reach.slice(0, 3).map((node) => node.outerHTML.slice(0, 120))}`];
  });

async function look(one) {
  await story.go(one.path);
  if (one.busy) await page.locator("h1").first().waitFor();
  else await story.settled();
  const found = (await tooWide()).map((what) => `${one.name}: ${what}`);
  for (const [name, open] of Object.entries(one.open ?? {})) {
    await open(story);
    found.push(...(await tooWide()).map((what) => `${one.name} with ${name}: ${what}`));
    const box = await story.dialog().or(page.getByRole("menu")).first().boundingBox();
    if (box.x < 0 || box.x + box.width > 360)
      found.push(`${one.name} with ${name}: from ${box.x}, ${box.width} wide`);
    await page.keyboard.press("Escape");
    await story.dialog().or(page.getByRole("menu")).first().waitFor({ state: "hidden" });
  }
  return found;
}

test("nothing is wider than the screen on any page, light and dark", async () => {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const one of pages.filter(({ outside }) => !outside)) {
      found.push(...(await story.allowing(one.refused ? /status of 404/ : /^$/, () => look(one))));
    }
  }
  assert.ok(found.length === 0, found.join("\n"));
});

test("a deployment is found, and an app restarted, by touch", async () => {
  await story.go("/");
  await story.link(world.shop).tap();
  await page.getByRole("button", { name: "Restart", exact: true }).tap();
  await story.dialog().getByRole("button", { name: "Restart", exact: true }).tap();
  await story.dialog().waitFor({ state: "hidden" });
  await story.tab("Deployments").tap();
  await page.getByRole("link", { name: /#3/ }).first().tap();
  await story.heading("Deployment #3").waitFor();
  await page.getByText("it broke for a good reason").first().waitFor();
});

test("the way in fits too", async () => {
  await page.context().clearCookies();
  const found = [];
  await story.allowing(unauthorized, async () => {
    for (const one of pages.filter(({ outside }) => outside)) found.push(...(await look(one)));
  });
  assert.ok(found.length === 0, found.join("\n"));
});
