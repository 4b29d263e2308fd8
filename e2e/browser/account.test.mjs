// One's account: tokens and sessions.
import { after, afterEach, before, test } from "node:test";
import { assert, Story } from "./story.mjs";

let story;
let page;

before(async () => {
  story = await Story.begin();
  page = story.page;
});
after(() => story?.end());
afterEach((test) => story?.judge(test));

test("a token is shown once, and is worthless when revoked", async () => {
  const { button, dialog } = story;
  await story.go("/account/tokens");
  await button("New token").click();
  await dialog().getByLabel("Name").fill("A script");
  await dialog().getByLabel("read").check();
  await dialog().getByRole("button", { name: "Make token" }).click();
  const secret = await page.locator("pre", { hasText: "slw_" }).innerText();
  const ask = () => fetch(`${story.url}/api/v1/apps`, { headers: { Authorization: `Bearer ${secret}` } });
  assert.equal((await ask()).status, 200);

  await page.reload();
  const listed = page.getByRole("listitem").filter({ hasText: "A script" });
  await listed.waitFor();
  assert.equal(await page.getByText(secret).count(), 0);
  await button("Revoke “A script”").click();
  await dialog().getByRole("button", { name: "Revoke", exact: true }).click();
  await dialog().waitFor({ state: "hidden" }); // nothing behind it has a role meanwhile
  await listed.waitFor({ state: "hidden" });
  assert.equal((await ask()).status, 401);
});
