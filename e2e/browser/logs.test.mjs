// Logs: live, cut and resumed, searched.
import { after, afterEach, before, test } from "node:test";
import { assert, Story, severed, visit } from "./story.mjs";

const app = "talks";

let story;
let page;
let appUrl;
let pane;

before(async () => {
  story = await Story.begin();
  page = story.page;
  appUrl = (await story.deployed(app, "ENV SAY=ready")).url;
  await story.go(`/apps/${app}/logs`);
  pane = page.getByRole("region", { name: `Logs of ${app}` });
});
after(() => story?.end());
afterEach(() => story.complaints());

test("a log that was cut says so, and goes on with what was written meanwhile", async () => {
  const lost = page.getByText("No connection to the server", { exact: false });
  await visit(appUrl, "/before-the-cut");
  await pane.getByText("/before-the-cut").waitFor();
  await page.getByText("Live", { exact: true }).last().waitFor();

  await story.allowing(severed, async () => {
    story.wire.cut();
    await page.getByText("Disconnected", { exact: false }).first().waitFor();
    await lost.waitFor();
    await visit(appUrl, "/log?from=1&to=9");
    await visit(appUrl, "/while-it-was-cut");
    story.wire.mend();
    await pane.getByText("/while-it-was-cut").waitFor();
  });
  await pane.getByText(/Disconnected at .* resumed at/).waitFor();
  assert.equal(await pane.getByText("/while-it-was-cut").count(), 1, "no line comes twice");
  await lost.waitFor({ state: "hidden" });

  // What the page holds is what the server has: each line once, none left out.
  const kept = (await story.api.get(`/apps/${app}/logs?limit=1000`)).lines;
  for (const number of [1, 5, 9]) {
    assert.equal(kept.filter((line) => line.text === `line ${number}`).length, 1, `line ${number}`);
  }
  const held = page.getByText(/^\d[\d,]* lines$/);
  assert.equal(
    Number((await held.innerText()).replace(/\D/g, "")),
    kept.length,
    "no line is lost or doubled",
  );
});

test("a search marks what it found and counts it", async () => {
  await page.getByRole("searchbox", { name: "Search these lines" }).fill("WHILE-it");
  assert.match(await pane.locator("mark").first().innerText(), /while-it/);
});
