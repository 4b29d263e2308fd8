// A phone: narrow, and without a mouse.
import { after, afterEach, before, test } from "node:test";
import { pages, show } from "./pages.mjs";
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
afterEach((test) => story?.judge(test));

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

/** The same in both themes: what differs is colour, and what it takes away or adds. */
async function inBothThemes(what) {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const over of await tooWide()) found.push(`${what}, ${colorScheme}: ${over}`);
  }
  return found;
}

async function look(one) {
  await show(story, one);
  const found = await inBothThemes(one.name);
  for (const [name, open] of Object.entries(one.open ?? {})) {
    await open(story);
    found.push(...(await inBothThemes(`${one.name} with ${name}`)));
    const opened = story.dialog().or(page.getByRole("menu")).first();
    if ((await opened.count()) > 0) {
      const { x, width } = await opened.boundingBox();
      if (x < 0 || x + width > 360) found.push(`${one.name} with ${name}: from ${x}, ${width} wide`);
    }
    await page.keyboard.press("Escape");
    await opened.waitFor({ state: "hidden" });
  }
  return found;
}

test("nothing is wider than the screen on any page, light and dark", async () => {
  const found = [];
  for (const one of pages.filter(({ outside }) => !outside)) {
    found.push(...(await story.allowing(one.refused ? /status of 404/ : /^$/, () => look(one))));
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
  const found = [];
  await story.allowing(unauthorized, async () => {
    await page.context().clearCookies();
    for (const one of pages.filter(({ outside }) => outside)) found.push(...(await look(one)));
  });
  assert.ok(found.length === 0, found.join("\n"));
});
