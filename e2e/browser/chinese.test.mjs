// Simplified Chinese: by the browser's own choice, and by the reader's. Names,
// code and data are the same in every language; nothing else is in English.
import { after, afterEach, before, test } from "node:test";
import { catalogues, speak } from "./catalogue.mjs";
import { pages, show } from "./pages.mjs";
import { assert, Story, unauthorized } from "./story.mjs";
import { makeWorld, world } from "./world.mjs";

let story;
let page;

before(async () => {
  story = await Story.begin({ locale: "zh-CN" });
  page = story.page;
  await makeWorld(story);
  for (const path of ["/apps", "/deployments", "/events", "/tokens"]) note(await story.api.get(path));
  for (const app of Object.values(world)) note(await story.api.get(`/apps/${app}/releases`));
  data.add("web"); // a process
  data.add("node"); // the program that a session is of
  data.add("ago"); // a component, on the page of the design system
});
after(() => story?.end());
afterEach((test) => story?.judge(test));

// Every English word that the Chinese catalogue does not use itself is one that
// a Chinese reader should not meet.
const english = new Set(
  Object.values(catalogues["en-US"])
    .join(" ")
    .replace(/\{\w+\}/g, " ")
    .toLowerCase()
    .match(/[a-z]{3,}/g),
);
for (const word of Object.values(catalogues["zh-CN"])
  .join(" ")
  .replace(/\{\w+\}/g, " ")
  .toLowerCase()
  .match(/[a-z]+/g)) {
  english.delete(word);
}
for (const word of Object.values(world).flatMap((name) => name.split("-"))) english.delete(word);

// What people, programs and the server's log said is shown as it was said.
const said = new Set(
  "description commit_message reason error host name process target config_names key command source_ref".split(
    " ",
  ),
);
const data = new Set();

/** Notes what is data in an answer of the API. */
function note(value, field) {
  if (typeof value === "string" && said.has(field) && value.length > 2) data.add(value.toLowerCase());
  else if (value && typeof value === "object") {
    for (const [key, one] of Object.entries(value)) note(one, Array.isArray(value) ? field : key);
  }
}

function withoutData(text) {
  let rest = text.toLowerCase();
  for (const one of [...data].sort((a, b) => b.length - a.length)) rest = rest.replaceAll(one, " ");
  // The server's own cluster, a line of a Dockerfile, and a word that programs use: deployment.create.
  return rest.replace(/\blocal\b/g, " ").replace(/\b(run|copy|from|env) \S.*/, " ").replace(/\b[a-z_]+\.[a-z_]+\b/g, " ");
}

/** What stands on the page or is read aloud, and is neither code nor data: [{where, text}]. */
const spoken = () =>
  page.evaluate(() => {
    const own =
      "code, pre, kbd, samp, time, textarea, [translate=no], [lang=en], .font-mono, option, [data-log]";
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.nodeType === Node.TEXT_NODE) {
        const parent = node.parentElement;
        if (!parent.closest(`script, style, noscript, ${own}`))
          found.push({ where: parent.tagName, text: node.data });
        continue;
      }
      if (node.closest(own)) continue;
      for (const name of [
        "aria-label",
        "title",
        "placeholder",
        "alt",
        "aria-description",
        "aria-valuetext",
      ]) {
        const text = node.getAttribute(name);
        if (text) found.push({ where: `${node.tagName} ${name}`, text });
      }
    }
    return found;
  });

async function strays(what) {
  const found = [];
  for (const { where, text } of await spoken()) {
    if (text.startsWith("Mozilla/")) continue; // how a browser calls itself
    const words = (withoutData(text).match(/[a-z]{3,}/g) ?? []).filter((word) => english.has(word));
    if (words.length > 0) found.push(`${what}: ${where}: ${text.trim()} (${words})`);
  }
  return found;
}

test("what the browser prefers is shown, and nothing in English", async () => {
  await story.go("/");
  await story.settled();
  assert.equal(await page.locator("html").getAttribute("lang"), "zh-CN");
  assert.equal(await page.title(), `${story.say("nav.apps")} · Slipway`);
  const found = [];
  for (const one of pages.filter(({ outside, route }) => !outside && route)) {
    await story.allowing(one.refused ? /status of 404/ : /^$/, () => show(story, one));
    found.push(...(await strays(one.name)));
    for (const [what, open] of Object.entries(one.open ?? {})) {
      await open(story);
      found.push(...(await strays(`${one.name} with ${what}`)));
      await page.keyboard.press("Escape");
      await story.dialog().first().waitFor({ state: "hidden" });
    }
  }
  assert.ok(found.length === 0, [...new Set(found)].join("\n"));
});

test("a chosen language is shown at once, in the other tab too, and stays", async () => {
  const other = await story.browser.context.newPage();
  await other.goto(`${story.url}/activity`);
  await story.go("/");
  const choose = async (from, name) => {
    await page.getByRole("button", { name: speak(from)("nav.account_menu") }).click();
    await page.getByRole("menuitemradio", { name }).click();
    await page.keyboard.press("Escape");
  };
  await choose("zh-CN", "English");
  await story.heading("Apps").waitFor();
  await other.getByRole("heading", { level: 1, name: "Activity" }).waitFor();
  await page.reload();
  await story.heading("Apps").waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "en");

  await choose("en-US", "简体中文");
  await story.heading(story.say("nav.apps")).waitFor();
  await other.getByRole("heading", { level: 1, name: story.say("nav.activity") }).waitFor();
  await page.reload();
  await story.heading(story.say("nav.apps")).waitFor();
  await other.close();
});

test("the way in is in Chinese too", async () => {
  const found = [];
  await story.allowing(unauthorized, async () => {
    await page.context().clearCookies();
    for (const one of pages.filter(({ outside }) => outside)) {
      await story.go(one.path);
      await story.settled();
      found.push(...(await strays(one.name)));
    }
  });
  assert.ok(found.length === 0, found.join("\n"));
});
