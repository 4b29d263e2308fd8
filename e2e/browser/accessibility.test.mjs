// Every page, with whatever can be opened on it, in both themes: axe finds
// nothing, no request leaves for another host, and the browser refuses nothing
// because of the content security policy.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, afterEach, before, test } from "node:test";
import { missing, pages, show } from "./pages.mjs";
import { assert, Story, unauthorized } from "./story.mjs";
import { makeWorld } from "./world.mjs";

const everything = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] };
// Themes differ in colours and in nothing else: the second asks about those.
const colours = { type: "rule", values: ["color-contrast", "link-in-text-block"] };

let story;
let page;

before(async () => {
  story = await Story.begin();
  page = story.page;
  await makeWorld(story);
  const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await story.browser.context.addInitScript(axe);
});
after(() => story?.end());
afterEach((test) => story?.judge(test));

/** Asks axe about what stands there now; gives its complaints in words. */
async function ask(about) {
  // Colours that are on their way are nobody's.
  await page.waitForFunction(() =>
    document
      .getAnimations()
      .every(
        ({ playState, effect }) => playState !== "running" || effect.getTiming().iterations === Infinity,
      ),
  );
  return page.evaluate(async (runOnly) => {
    const { violations } = await window.axe.run(document, {
      runOnly,
      resultTypes: ["violations"],
    });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, any, all, none }) => {
        const why = [...any, ...all, ...none].map(({ message }) => message).join("; ");
        return `${id}: ${help}: ${html.slice(0, 200)}: ${why}`;
      }),
    );
  }, about);
}

async function inBothThemes(what) {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const violation of await ask(colorScheme === "light" ? everything : colours))
      found.push(`${what}, ${colorScheme}: ${violation}`);
  }
  return found;
}

function none(found) {
  assert.ok(found.length === 0, `${found.length} violations\n${found.join("\n")}`);
}

async function look(one) {
  const { name, open = {} } = one;
  await show(story, one);
  const found = await inBothThemes(name);
  for (const [what, opens] of Object.entries(open)) {
    await opens(story);
    found.push(...(await inBothThemes(`${name} with ${what}`)));
    await page.keyboard.press("Escape");
    await story.dialog().or(page.getByRole("menu")).first().waitFor({ state: "hidden" });
  }
  found.push(...(await lookAtMenus(name)));
  return found;
}

/** Looks at every menu that the page has; the one in the frame is the same on all. */
async function lookAtMenus(name) {
  const found = [];
  const menus = page.locator("[aria-haspopup=menu], [aria-haspopup=dialog]");
  for (let i = 0; i < (await menus.count()); i++) {
    const menu = menus.nth(i);
    if (name !== "apps" && (await menu.evaluate((node) => node.closest("header") !== null))) continue;
    await menu.click();
    await page.locator("[role=menu], [role=dialog]").first().waitFor();
    found.push(...(await inBothThemes(`${name} with menu ${i + 1}`)));
    await page.keyboard.press("Escape");
    await page.locator("[role=menu], [role=dialog]").first().waitFor({ state: "hidden" });
  }
  return found;
}

test("no route is forgotten", async () => {
  assert.deepEqual(await missing(), []);
});

for (const one of pages.filter(({ outside }) => !outside)) {
  test(`axe on ${one.name}`, async () => {
    const found = await story.allowing(one.refused ? /status of 404/ : /^$/, () => look(one));
    none(found);
  });
}

test("axe on the way in", async () => {
  const found = [];
  await story.allowing(unauthorized, async () => {
    await page.context().clearCookies();
    for (const one of pages.filter(({ outside }) => outside)) found.push(...(await look(one)));
  });
  none(found);
});
