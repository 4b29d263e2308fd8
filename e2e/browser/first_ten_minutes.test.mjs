// The first ten minutes: the bootstrap link, the owner, and a first app.
import { after, afterEach, before, test } from "node:test";
import { assert, owner, Story, unauthorized, visit } from "./story.mjs";

const app = "first-app";

let story;
let page;

before(async () => {
  story = await Story.begin({ fresh: true });
  page = story.page;
});
after(() => story?.end());
afterEach(() => story.complaints());

test("the link makes the owner, and works once", async () => {
  const { button, heading, go } = story;
  const link = new URL(story.slipway.enter);
  await go(link.pathname + link.search);
  await heading("Create the owner").waitFor();
  await story.allowing(/status of 4\d\d/, async () => {
    await page.getByLabel("E-mail").fill(owner.email);
    await page.getByLabel("Password").fill("short");
    await button("Create and sign in").click();
    await page.getByRole("alert").first().waitFor();
  });
  assert.equal(await page.getByLabel("E-mail").inputValue(), owner.email, "the form keeps what was typed");
  await page.getByLabel("Name").fill(owner.name);
  await page.getByLabel("Password").fill(owner.password);
  await button("Create and sign in").click();
  await heading("Apps").waitFor();
  assert.equal(await page.title(), "Apps · Slipway");

  await go(link.pathname + link.search);
  await heading("The owner exists").waitFor();
  await go("/");
  await heading("Apps").waitFor();
});

test("a sign-in link signs in, and works once", async () => {
  const { button, heading, go } = story;
  const made = await story.browser.context.request.post(`${story.url}/api/v1/sign-in-links`, { data: {} });
  assert.equal(made.status(), 201, await made.text());
  const signIn = new URL((await made.json()).url);
  await button("Account, theme and language").click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await heading("Sign in").waitFor();

  await story.allowing(unauthorized, async () => {
    await go("/account/tokens");
    await heading("Sign in").waitFor();
  });
  await go(signIn.pathname + signIn.search);
  await heading("Apps").waitFor();

  await story.allowing(/status of 4\d\d/, async () => {
    await go(signIn.pathname + signIn.search);
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Password").waitFor();
  });
  await go("/");
  await heading("Apps").waitFor();
});

test("a new app waits for its push and comes alive with it", async () => {
  const { button, heading } = story;
  const source = await story.source();
  await page.getByRole("link", { name: "New app" }).first().click();
  await story.allowing(/status of 4\d\d/, async () => {
    await page.getByLabel("Name").fill("Not A Name");
    await button("Create app").click();
    await page.getByRole("alert").waitFor();
  });
  assert.equal(await page.getByLabel("Name").getAttribute("aria-invalid"), "true");
  await page.getByLabel("Name").fill(app);
  await button("Create app").click();
  await heading(`${app} is ready for its first deployment`).waitFor();

  const commands = await page.locator("pre").allTextContents();
  const token = commands.find((text) => text.startsWith("slw_"));
  assert.ok(token, `a token is shown: ${commands}`);
  const gitUrl = /git remote add slipway (\S+)/.exec(commands.join("\n"))?.[1];
  assert.equal(gitUrl, `${story.url}/${app}.git`, "the command holds the real host");

  await source.commit("First words", "ENV SAY=ready");
  const pushing = source.push(gitUrl, token);
  await heading("Deployment #1").waitFor();
  await page.getByText("COPY app /app").first().waitFor();
  const pushed = await pushing;
  assert.ok(pushed.ok, pushed.output);
  await story.ended("Succeeded");
  for (const phase of ["Queue", "Build", "Release", "Deploy"]) {
    const item = page.getByRole("list", { name: "Phases" }).getByRole("listitem").filter({ hasText: phase });
    assert.match(await item.innerText(), /Done/, phase);
    assert.match(await item.innerText(), /\d (ms|s)/, phase);
  }
  const appUrl = await page.getByRole("link", { name: /Open the app/ }).getAttribute("href");
  assert.equal((await visit(appUrl)).status, 200);
  assert.equal(await page.title(), `Succeeded · #1 · ${app} · Slipway`);

  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByText("Up and serving").waitFor();
});
