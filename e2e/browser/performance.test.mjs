// How light and how smooth the dashboard is. What depends on the machine is
// printed; what must hold on any is asserted.
import { after, afterEach, before, test } from "node:test";
import { assert, Story } from "./story.mjs";

let story;
let page;

before(async () => {
  story = await Story.begin();
  page = story.page;
});
after(() => story?.end());
afterEach(() => story.complaints());

test("the first page is light, and asks for nothing but what is there", async () => {
  await story.go("/");
  await story.settled();
  const bytes = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter((entry) => entry.name.endsWith(".js"))
      .reduce((sum, entry) => sum + entry.encodedBodySize, 0),
  );
  assert.ok(bytes > 10_000 && bytes <= 150_000, `${bytes} bytes of compressed script`);
});
