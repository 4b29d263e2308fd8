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
  pane = page.getByRole("log");
});
after(() => story?.end());
afterEach((test) => story?.judge(test));

/** The numbers of all lines in the pane, from its top to its end, as one meets them scrolling. */
async function shown() {
  const met = [];
  await story.button("Pause").click();
  let cut = 0;
  await pane.evaluate((node) => node.scrollTo({ top: 0 }));
  for (;;) {
    // What is scrolled to is drawn with the next frame but one.
    const { seqs, cuts, end } = await pane.evaluate(
      (node) =>
        new Promise((resolve) =>
          requestAnimationFrame(() =>
            requestAnimationFrame(() => {
              const links = [...node.querySelectorAll("a[href^='?line=']")];
              resolve({
                seqs: links.map((link) => Number(link.getAttribute("href").slice(6))),
                cuts: /Disconnected at .* resumed at/.test(node.innerText),
                end: node.scrollTop + node.clientHeight >= node.scrollHeight - 1,
              });
            }),
          ),
        ),
    );
    assert.equal(new Set(seqs).size, seqs.length, "no line stands there twice");
    met.push(...seqs.filter((seq) => !met.includes(seq)));
    if (cuts) cut++;
    if (end) break;
    await pane.evaluate((node) => node.scrollBy({ top: node.clientHeight / 2 }));
  }
  assert.ok(cut > 0, "the cut is marked where it was");
  return met;
}

test("a log that was cut says so, and goes on with what was written meanwhile", async () => {
  const lost = page.getByText("No connection to the server", { exact: false });
  await visit(appUrl, "/before-the-cut");
  await pane.getByText("/before-the-cut").waitFor();
  await page.getByText("Live", { exact: true }).last().waitFor();

  await story.allowing(severed, async () => {
    story.wire.cut();
    await page.getByText("Disconnected", { exact: false }).first().waitFor();
    await lost.waitFor();
    await visit(appUrl, "/log?from=1&to=300");
    await visit(appUrl, "/while-it-was-cut");
    story.wire.mend();
    await pane.getByText("/while-it-was-cut").waitFor();
  });
  assert.equal(await pane.getByText("/while-it-was-cut").count(), 1, "no line comes twice");
  await lost.waitFor({ state: "hidden" });

  // What the page shows is what the server has: each line once, none left out.
  const kept = (await story.api.get(`/apps/${app}/logs?limit=1000`)).lines;
  assert.deepEqual(
    await shown(),
    kept.map(({ seq }) => seq),
    "no line is lost or doubled",
  );
  for (let number = 1; number <= 300; number++) {
    assert.equal(kept.filter((line) => line.text === `line ${number}`).length, 1, `line ${number}`);
  }
});

test("a search marks what it found and counts it", async () => {
  await page.getByRole("searchbox", { name: "Search these lines" }).fill("WHILE-it");
  assert.match(await pane.locator("mark").first().innerText(), /while-it/);
});
