// A phone: narrow, and without a mouse.
import { after, afterEach, before, test } from "node:test";
import { assert, Story } from "./story.mjs";

const app = "pocket";

let story;
let page;

before(async () => {
  story = await Story.begin({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  page = story.page;
  await story.deployed(app);
});
after(() => story?.end());
afterEach(() => story.complaints());

test("every page fits, light and dark", async () => {
  const paths = [
    "",
    "/deployments",
    "/deployments/1",
    "/logs",
    "/config",
    "/releases",
    "/domains",
    "/settings",
  ];
  const pages = [...paths.map((path) => `/apps/${app}${path}`), "/", "/new", "/deployments", "/activity"];
  pages.push("/account", "/account/tokens", "/account/sessions");
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const path of pages) {
      await story.go(path);
      await story.settled();
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.equal(over, 0, `${path} is ${over} px too wide`);
    }
  }
});
