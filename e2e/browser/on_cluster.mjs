// Looks at an app that runs on a cluster, in a real browser: at its own page, at
// the dashboard's of the cluster, and at its log while it is written.
//
//   SLIPWAY_TOKEN=… node on_cluster.mjs SERVER APP APP_URL TEXT CLUSTER NODE…
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Api } from "./api.mjs";
import { keepEvidence } from "./evidence.mjs";
import { visit } from "./visit.mjs";
import { openBrowser } from "./watched.mjs";
import { layWire } from "./wire.mjs";

const [server, app, appUrl, text, cluster, ...nodes] = process.argv.slice(2);
const dir = await mkdtemp(join(tmpdir(), "slipway-browser-"));
const browsers = [];
const wires = [];

/** A browser in a namespace of its own that reaches one server. */
async function look(at, origin) {
  const home = join(dir, `${wires.length}`);
  await mkdir(home);
  const wire = await layWire(at, home);
  wires.push(wire);
  const browser = await openBrowser(wire.browser, origin);
  browsers.push(browser);
  return browser.page;
}

try {
  const { port, origin } = new URL(appUrl);
  const visitor = await look(`http://127.0.0.1:${port}`, origin);
  const answer = await visitor.goto(appUrl);
  assert.equal(answer.status(), 200);
  assert.match(await visitor.locator("body").innerText(), new RegExp(text));

  const api = new Api(server);
  api.token = process.env.SLIPWAY_TOKEN;
  const page = await look(server, server);
  const link = new URL(await api.signInLink());
  await page.goto(server + link.pathname + link.search);
  await page.waitForURL(`${server}/`);
  await page.getByRole("link", { name: app, exact: true }).first().waitFor();
  await page.goto(`${server}/clusters/${cluster}`);
  await page.getByRole("heading", { level: 1, name: cluster }).waitFor();
  for (const node of nodes) await page.getByText(node, { exact: true }).first().waitFor();
  await page.goto(`${server}/apps/${app}/logs`);
  await page.getByText("Live", { exact: true }).last().waitFor();
  await visit(appUrl, "/say?text=hello-from-afar");
  const said = page.getByRole("log").getByText("hello-from-afar", { exact: true });
  await said.waitFor();
  assert.equal(await said.count(), 1, "what it says comes once");
  for (const { complaints } of browsers) {
    // A page of plain text has no icon.
    assert.deepEqual(complaints.filter((one) => !one.includes("/favicon.ico")), []);
  }
} catch (error) {
  console.log(`What there was to see of it: ${await keepEvidence({ browsers }, app, error)}`);
  throw error;
} finally {
  for (const { close } of browsers) await close();
  for (const wire of wires) await wire.close();
  await rm(dir, { recursive: true, force: true });
}
