// Clusters: the server's own engine with what runs on it, live while an app is
// scaled; what is refused says why; by keyboard, on a phone, and with 300 nodes.
import { after, afterEach, before, test } from "node:test";
import { clusterAnswer } from "./cluster_answer.mjs";
import { assert, eventually, Story } from "./story.mjs";

const shop = "shop";

let story;
let page;
let machine; // the name of the engine's machine

before(async () => {
  story = await Story.begin();
  page = story.page;
  await story.deployed(shop);
  machine = (await story.api.get("/clusters/local")).nodes[0].name;
});
after(() => story?.end());
afterEach((test) => story?.judge(test));

const cells = () => page.getByRole("list", { name: `Instances on ${machine}` }).locator("[data-cell]");

test("the engine's machine, and what runs on it", async () => {
  const { link } = story;
  await story.go("/");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Clusters" }).click();
  await story.heading("Clusters").waitFor();
  await link("local").click();
  await page.getByRole("heading", { level: 3, name: machine, exact: true }).waitFor();
  const { nodes, size } = await story.api.get("/clusters/local");
  assert.equal(nodes.length, 1);
  assert.ok(size.cpu_milli >= 1000 && size.memory_bytes > 2 ** 28, JSON.stringify(size));
  assert.ok(nodes[0].limits.memory_bytes > 0, "what an instance may use is known");
  await cells().first().waitFor();
  assert.match(await cells().first().getAttribute("aria-label"), /^shop\.web\.v1\.1, Healthy$/);
});

test("an app that is scaled shows here by itself, and nothing is loaded anew", async () => {
  await story.go("/clusters/local");
  await cells().first().waitFor();
  await page.evaluate(() => Object.assign(window, { stayed: true }));
  await story.api.patch(`/apps/${shop}/scale`, { web: 3 });
  await eventually("three cells", async () => (await cells().count()) === 3);
  await page.getByLabel("shop.web.v1.3, Healthy").waitFor();
  await story.api.patch(`/apps/${shop}/scale`, { web: 1 });
  await eventually("one cell", async () => (await cells().count()) === 1);
  assert.equal(await page.evaluate(() => window.stayed), true);
});

test("what the instances use is measured", async () => {
  await story.go("/clusters/local");
  await page
    .getByText(/MiB in use/)
    .first()
    .waitFor({ timeout: 60_000 });
});

test("a test says that the cluster answers, and what it has", async () => {
  await story.go("/clusters/local");
  await story.button("Test local").click();
  await page.getByText(/^It answers, in .* Nodes ready: 1\. Instances: 1\.$/).waitFor();
});

test("draining the only machine is refused, with the reason", async () => {
  const { button, dialog } = story;
  await story.go("/clusters/local");
  await button(`Drain ${machine}`).click();
  await dialog().getByText("No other node is ready").waitFor();
  await story.allowing(/status of 409/, async () => {
    await dialog().getByRole("button", { name: "Drain node" }).click();
    await dialog().getByText("is one machine").waitFor();
  });
  await page.keyboard.press("Escape");
  await dialog().waitFor({ state: "hidden" });
});

test("a cluster that does not answer is not taken, and what was typed stays", async () => {
  const { button, dialog } = story;
  await story.go("/clusters");
  await button("Add a cluster").click();
  await dialog().getByLabel("Name").fill("far");
  await dialog().getByLabel("Endpoint of a manager").fill("unix:///nowhere/docker.sock");
  await story.allowing(/status of 503/, async () => {
    await button("Add cluster").click();
    await dialog().getByRole("alert").getByText("not answering").waitFor();
  });
  assert.equal(await dialog().getByLabel("Name").inputValue(), "far");
  await dialog().getByLabel("Endpoint of a manager").fill("tcp://10.0.0.5:2375");
  await story.allowing(/status of 422/, async () => {
    await button("Add cluster").click();
    await dialog().getByText("needs ca, cert and key").waitFor();
  });
  assert.equal((await story.api.get("/clusters")).items.length, 1, "nothing is left behind");
  assert.ok(!page.url().includes("10.0.0.5"));
});

test("by keyboard from the palette to an instance, cell by cell", async () => {
  await story.api.patch(`/apps/${shop}/scale`, { web: 2 });
  await story.go("/");
  await story.heading("Apps").waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("k");
  await story.heading("Clusters").waitFor();
  await story.link("local").focus();
  await page.keyboard.press("Enter");
  await eventually("two cells", async () => (await cells().count()) === 2);
  await cells().first().focus();
  await page.keyboard.press("ArrowRight");
  await page.getByText("Healthy · web, release v1").waitFor();
  assert.match(
    await page.evaluate(() => document.activeElement.getAttribute("aria-label")),
    /^shop\.web\.v1\.2/,
  );
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/apps/${shop}`);
});

test("a cluster that is not there is said to be none", async () => {
  await story.allowing(/status of 404/, async () => {
    await story.go("/clusters/nowhere");
    await story.heading("There is no cluster nowhere").waitFor();
  });
});

test("three hundred nodes with ten thousand instances, from what the API would answer", async () => {
  const answer = clusterAnswer({ name: "many", nodes: 300, instances: 10_000 });
  await page.route("**/api/v1/clusters/many", (route) => route.fulfill({ json: answer }));
  const began = Date.now();
  await story.go("/clusters/many");
  const tiles = page.getByRole("list", { name: "Nodes" }).getByRole("listitem");
  await tiles.first().waitFor();
  const took = Date.now() - began;
  const elements = await page.evaluate(() => document.querySelectorAll("*").length);
  console.log(`shown after ${took} ms, ${elements} elements, ${JSON.stringify(answer).length} bytes`);
  assert.ok(elements < 4000, `${elements} elements: only what is near the screen is to be rendered`);

  await page.getByLabel("Sort").selectOption("trouble");
  await page.getByRole("button", { name: /^node-008: Down/ }).waitFor();
  assert.match(page.url(), /sort=trouble/);
  await page.getByLabel("Find an app or a node").fill("node-29");
  await page.getByText("10 of 300 nodes").waitFor();
  await page.getByRole("button", { name: /^node-299: Ready/ }).click();
  await story.dialog().getByRole("heading", { name: "node-299" }).waitFor();
  assert.match(page.url(), /node=id-node-299/);
  await page.keyboard.press("Escape");
  await story.dialog().waitFor({ state: "hidden" });
  await page.getByLabel("Find an app or a node").fill("");
  await page.getByText("300 of 300 nodes").waitFor();
  await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
  await page.getByRole("button", { name: /^node-300: / }).waitFor();

  await page.setViewportSize({ width: 360, height: 740 });
  await eventually(
    "nothing is wider than the phone",
    async () => (await page.evaluate(() => document.documentElement.scrollWidth)) <= 360,
  );
});
