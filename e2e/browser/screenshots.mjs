// Takes a picture of every page, with whatever can be opened on it, in both
// themes, wide and on a phone: node screenshots.mjs FOLDER [FOLDER FOR DOCS]
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pages, show } from "./pages.mjs";
import { Story, visit } from "./story.mjs";
import { lines, makeWorld, saying, world } from "./world.mjs";

const [folder, docs] = process.argv.slice(2);
if (!folder) throw new Error("say into which folder");

const sizes = { wide: { width: 1360, height: 860 }, phone: { width: 360, height: 740 } };
const themes = ["light", "dark"];
// What the README and the docs show: page, theme, and what is open on it.
const shown = {
  dashboard: { name: "overview", theme: "light" },
  "dashboard-dark": { name: "overview", theme: "dark" },
  "failed-build": { name: "deployment-failed", theme: "light" },
  logs: { name: "logs", theme: "dark" },
};
const largest = 300_000;

/** Gives the shop something to draw: pages asked for, some slow, some refused. */
async function traffic(story, seconds) {
  const { url } = await story.api.get(`/apps/${world.shop}`);
  const asked = ["/", "/env?name=GREETING", "/slow?ms=40", "/", "/slow?ms=120", "/status?code=404", "/"];
  const paths = asked.flatMap((path, i) => [path, saying(lines[i % lines.length])]);
  const end = Date.now() + seconds * 1000;
  for (let i = 0; Date.now() < end; i++) {
    const path = i % 97 === 96 ? "/status?code=503" : paths[i % paths.length];
    await visit(url, path);
    await new Promise((resolve) => setTimeout(resolve, 20 + 30 * Math.abs(Math.sin(i / 60)))); // its pace
  }
}

async function still(page) {
  await page.waitForFunction(() =>
    document
      .getAnimations()
      .every(
        ({ playState, effect }) => playState !== "running" || effect.getTiming().iterations === Infinity,
      ),
  );
  await page.waitForLoadState("networkidle");
}

async function take(story, one, width) {
  const { page } = story;
  const shot = async (name) => {
    for (const theme of themes) {
      await page.emulateMedia({ colorScheme: theme });
      await still(page);
      await page.screenshot({ path: join(folder, `${name}-${theme}-${width}.png`) });
    }
  };
  await page.setViewportSize(sizes[width]);
  await show(story, one);
  await shot(one.name);
  for (const [what, open] of Object.entries(one.open ?? {})) {
    await open(story);
    await shot(`${one.name}-${what}`);
    await page.keyboard.press("Escape");
    await story.dialog().or(page.getByRole("menu")).first().waitFor({ state: "hidden" });
  }
}

async function forDocs(story) {
  const { page } = story;
  // Calm again: the last deployment is a good one.
  const { deployment } = await story.api.patch(`/apps/${world.shop}/config`, {
    set: { GREETING: "welcome" },
  });
  await story.api.deployed(world.shop, deployment.number);
  await traffic(story, 20);
  await page.setViewportSize({ width: 1280, height: 960 });
  for (const [file, { name, theme }] of Object.entries(shown)) {
    await page.emulateMedia({ colorScheme: theme });
    await story.go(pages.find((one) => one.name === name).path);
    await story.settled();
    await still(page);
    const path = join(docs, `${file}.png`);
    await page.screenshot({ path });
    const { size } = await stat(path);
    if (size > largest) throw new Error(`${path} has ${size} bytes, more than ${largest}`);
  }
}

const story = await Story.begin();
try {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await makeWorld(story);
  await traffic(story, 75);
  for (const width of Object.keys(sizes)) {
    for (const one of pages.filter(({ outside }) => !outside)) await take(story, one, width);
  }
  if (docs) await forDocs(story);
  await story.page.context().clearCookies();
  for (const width of Object.keys(sizes)) {
    for (const one of pages.filter(({ outside }) => outside)) await take(story, one, width);
  }
} finally {
  await story.end();
}
