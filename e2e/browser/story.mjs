// What every story has: a Slipway of its own, a browser on a wire that can be
// cut, and short words for what people do and look at.
import assert from "node:assert/strict";
import { join } from "node:path";
import { Api } from "./api.mjs";
import { speak } from "./catalogue.mjs";
import { keepEvidence } from "./evidence.mjs";
import { eventually, startSlipway } from "./slipway.mjs";
import { buildApp, Source } from "./source.mjs";
import { visit } from "./visit.mjs";
import { openBrowser } from "./watched.mjs";
import { layWire } from "./wire.mjs";

export const owner = { email: "ada@example.com", name: "Ada", password: "a long enough password" };

/** What a browser says of requests, and of websockets that are on their way, once nobody is signed in. */
export const unauthorized = /status of 401|HTTP Authentication failed/;
/** What a browser says of requests that a cut or a restart breaks off. */
export const severed = /ERR_|WebSocket|Failed to (load|fetch)|status of (401|50[234])/;

export class Story {
  /** The browsers of everybody who takes part. */
  browsers = [];

  /**
   * Begins with an owner who is signed in, unless `fresh` asks for a Slipway
   * that nobody has entered. Other options are the browser's, as Playwright has them.
   */
  static async begin({ fresh = false, ...look } = {}) {
    const story = new Story();
    story.say = speak(look.locale ?? "en-US");
    try {
      story.slipway = await startSlipway();
      story.url = story.slipway.url;
      story.dir = story.slipway.dir;
      story.api = new Api(story.url);
      if (!fresh) await story.api.makeOwner(story.slipway.enter, owner);
      story.wire = await layWire(story.url, story.dir);
      story.browser = await story.somebody(look);
      story.page = story.browser.page;
      if (!fresh) await story.signIn();
    } catch (error) {
      await keepEvidence(story, "beginning", error);
      await story.end();
      throw error;
    }
    return story;
  }

  /** The browser of somebody else, who is nobody yet. */
  async somebody(look) {
    const browser = await openBrowser(this.wire.browser, this.url, look);
    this.browsers.push(browser);
    return browser;
  }

  async end() {
    for (const browser of this.browsers) await browser.close();
    await this.wire?.close();
    await this.slipway?.stop();
  }

  /** Comes after each test: the browser had nothing to complain of, and a failure leaves evidence. */
  async judge(test) {
    let error = test.error;
    try {
      this.complaints();
    } catch (complaint) {
      error ??= complaint;
    }
    if (!error) return;
    console.log(`What there was to see of it: ${await keepEvidence(this, test.name, error)}`);
    if (error !== test.error) throw error;
  }

  /** Comes in by a link that works once, as somebody would who lost the password. */
  async signIn(page = this.page) {
    const link = new URL(await this.api.signInLink());
    await page.goto(this.url + link.pathname + link.search);
    await page.waitForURL(`${this.url}/`);
    await page.locator("h1").first().waitFor();
  }

  /** A source to push or upload: a folder with the test app in it. */
  async source(name = "source") {
    this.app ??= await buildApp(this.dir);
    return new Source(join(this.dir, name), this.app).init();
  }

  /** Makes an app and deploys the test app to it; gives it as the API has it. */
  async deployed(name, ...lines) {
    await this.api.post("/apps", { name });
    const source = await this.source(`source-${name}`);
    await source.write(...lines);
    await this.api.deployed(name, await this.api.upload(name, await source.tar()));
    return this.api.get(`/apps/${name}`);
  }

  go = (path) => this.page.goto(this.url + path);
  heading = (name) => this.page.getByRole("heading", { level: 1, name });
  button = (name) => this.page.getByRole("button", { name, exact: true });
  link = (name) => this.page.getByRole("link", { name, exact: true });
  dialog = () => this.page.getByRole("dialog");
  /** The tab of an app's page. */
  tab = (name) => this.page.getByRole("navigation", { name: /^Pages of / }).getByRole("link", { name });
  complaints = () =>
    assert.deepEqual(
      this.browsers.flatMap((browser) => browser.complaints.splice(0)),
      [],
    );
  allowing = (pattern, act) => this.browser.allowing(pattern, act);

  /** Waits until the deployment that is looked at has ended so. */
  ended = (state) => this.page.locator("h1 + span").getByText(state).waitFor({ timeout: 60_000 });

  /** Waits until a page shows what it has: no skeleton stands for anything. */
  async settled(page = this.page) {
    await page.locator("h1").first().waitFor({ state: "attached" });
    await page.waitForFunction(
      () =>
        !document.querySelector(
          "[class*=bg-surface-3].animate-breathe, [aria-busy=true], [role=status][aria-label='Loading…'], [role=status][aria-label='正在加载…']",
        ),
    );
  }
}

export { assert, eventually, visit };
