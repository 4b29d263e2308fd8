// The first ten minutes: the bootstrap link, the owner, and a first app.
import { after, afterEach, before, test } from "node:test";
import { assert, owner, Story, unauthorized, visit } from "./story.mjs";

const app = "first-app";

let story;
let page;
let gitUrl;

before(async () => {
  story = await Story.begin({ fresh: true });
  page = story.page;
});
after(() => story?.end());
afterEach((test) => story?.judge(test));

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
  await story.allowing(unauthorized, async () => {
    await button("Account, theme and language").click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await heading("Sign in").waitFor();
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

/** The API for who is signed in here. */
const api = () => ({
  async post(path, data) {
    const answer = await story.browser.context.request.post(`${story.url}/api/v1${path}`, { data });
    assert.ok(answer.ok(), await answer.text());
    return answer.json();
  },
});

/** Opens the form for a new app that comes from somewhere: This folder, A git URL, An image, An example. */
async function newApp(way) {
  await story.go("/");
  await page.getByRole("link", { name: "New app" }).first().click();
  await story.heading("New app").waitFor();
  await page.getByRole("radio", { name: way }).check();
}

test("a new app waits for its push and comes alive with it", async () => {
  const { button, heading } = story;
  const source = await story.source();
  await newApp("This folder");
  await page.getByLabel("Name").fill("Not A Name");
  await button("Create app").click();
  await page.getByRole("alert").first().waitFor();
  assert.equal(await page.getByLabel("Name").getAttribute("aria-invalid"), "true");
  await page.getByLabel("Name").fill(app);
  await button("Create app").click();
  await heading(`${app} is ready for its first deployment`).waitFor();

  await button("Make a token").click();
  const shown = page.locator("pre").filter({ hasText: /^slw_/ });
  await shown.waitFor();
  const token = await shown.innerText();
  const commands = (await page.locator("pre").allTextContents()).join("\n");
  gitUrl = /git remote add slipway (\S+)/.exec(commands)?.[1];
  assert.equal(gitUrl, `${story.url}/${app}.git`, "the command holds the real host");

  // What no build before it has done, so that it is seen to be done.
  await source.commit("First words", `ENV SAY=${Date.now()}`, 'RUN ["/app", "nap", "500ms"]');
  const pushing = source.push(gitUrl, token);
  const watched = page.getByRole("region", { name: "Deployment #1" });
  await watched.getByText('RUN ["/app", "nap", "500ms"]').first().waitFor();
  const pushed = await pushing;
  assert.ok(pushed.ok, pushed.output);
  await heading(`${app} is live`).waitFor({ timeout: 60_000 });
  for (const phase of ["Queue", "Build", "Release", "Deploy"]) {
    const item = watched
      .getByRole("list", { name: "Phases" })
      .getByRole("listitem")
      .filter({ hasText: phase });
    assert.match(await item.innerText(), /Done/, phase);
    assert.match(await item.innerText(), /\d (ms|s)/, phase);
  }
  const appUrl = await page.getByRole("link", { name: /Open the app/ }).getAttribute("href");
  assert.equal((await visit(appUrl)).status, 200);
  const code = page.getByRole("img", { name: `QR code of ${appUrl}` });
  const { width, height } = await code.boundingBox();
  assert.ok(width >= 120 && width === height, `a code to scan of ${width} by ${height}`);
  assert.match(await page.title(), /Succeeded · #1 · first-app · Slipway/);
  await page.getByText("Break it on purpose").waitFor();

  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByText("Up and serving").waitFor();
});

test("an example is live in one click, and stays so when it is broken on purpose", async () => {
  await newApp("An example");
  await story.button("Deploy Static site").click();
  await story.heading("static-site is live").waitFor({ timeout: 60_000 });
  const appUrl = await page.getByRole("link", { name: /Open the app/ }).getAttribute("href");
  const before = await visit(appUrl);
  assert.equal(before.status, 200);
  await story.button("Deploy a broken version").click();
  await page.getByText("failed, and nobody noticed", { exact: false }).waitFor({ timeout: 60_000 });
  assert.deepEqual(await visit(appUrl), before, "what was live goes on serving");
  // The page's address is what it watches: it is the same when it is loaded anew.
  await page.reload();
  await story.heading("static-site is live").waitFor();
});

test("a git URL is fetched and deployed", async () => {
  await newApp("A git URL");
  await page.getByRole("textbox", { name: "Git URL" }).fill("ftp://nowhere");
  await page.getByLabel("Name", { exact: true }).fill("fetched");
  await story.button("Create and deploy").click();
  await page.getByText("Begin with https://", { exact: false }).waitFor();
  // The repository of the first app, which Slipway itself serves to who has a token.
  const { token } = await api().post("/tokens", { name: "Fetch", scopes: ["deploy"] });
  await page.getByRole("textbox", { name: "Git URL" }).fill(gitUrl);
  await page.getByLabel("Credential").selectOption({ label: "Access token" });
  await page
    .getByRole("textbox", { name: "Access token" })
    .or(page.locator("input[type=password]"))
    .first()
    .fill(token);
  await story.button("Create and deploy").click();
  await story.heading("fetched is live").waitFor({ timeout: 60_000 });
  await page.getByText("First words").first().waitFor();
});

test("an image that cannot be pulled is said to be missing, and can be sent again", async () => {
  await newApp("An image");
  await page.getByLabel("Image", { exact: true }).fill("127.0.0.1:9/nobody/nothing:1");
  await page.getByLabel("Name", { exact: true }).fill("pulled");
  await story.button("Create and deploy").click();
  await story.heading("pulled is not live yet").waitFor({ timeout: 60_000 });
  await page.getByText("127.0.0.1:9/nobody/nothing:1", { exact: false }).first().waitFor();
  await story.button(story.say("watch.again")).click();
  await page.getByRole("region", { name: "Deployment #2" }).waitFor();
  await story.heading("pulled is not live yet").waitFor({ timeout: 60_000 });
});
