// People: invited by a link, held to their role, made more and less, removed.
import { after, afterEach, before, test } from "node:test";
import { assert, eventually, Story, unauthorized, visit } from "./story.mjs";

const grace = { email: "grace@example.com", name: "Grace", password: "another long password" };
const theirs = "treasure"; // an app of the owner's
const own = "trial"; // an app of who is invited

let story;
let page;
let guest; // the browser of who is invited
let invited; // its page
let link;

before(async () => {
  story = await Story.begin();
  page = story.page;
  await story.api.post("/apps", { name: theirs });
  guest = await story.somebody();
  invited = guest.page;
});
after(() => story?.end());
afterEach((test) => story?.judge(test));

const heading = (name) => invited.getByRole("heading", { level: 1, name });
const app = (where, name) => where.getByRole("link", { name, exact: true });
const person = (name) => page.getByRole("listitem").filter({ hasText: name });

/** What the API answers the guest, by their own session. */
const ask = (method, path, data) =>
  guest.context.request.fetch(`${story.url}/api/v1${path}`, {
    method,
    data,
    headers: { Origin: story.url },
  });

test("an invitation is a link that makes one account, once", async () => {
  const { button, dialog } = story;
  await story.go("/account/people");
  await button("Invite").click();
  await dialog().getByLabel("E-mail").fill("nobody");
  await story.allowing(/status of 4\d\d/, async () => {
    await button("Make link").click();
    await dialog().getByRole("alert").first().waitFor();
  });
  await dialog().getByLabel("E-mail").fill(grace.email);
  await button("Make link").click();
  link = await dialog().locator("pre", { hasText: "/join?token=" }).innerText();
  assert.equal(new URL(link).origin, story.url);
  await button("Done").click();
  await person(grace.email).waitFor(); // the open invitation

  await invited.goto(link);
  await invited
    .getByText("Ada invites you as a member", { exact: false })
    .or(invited.getByText("ada@example.com invites you as a member", { exact: false }))
    .waitFor();
  assert.equal(await invited.getByLabel("E-mail").inputValue(), grace.email);
  const join = invited.getByRole("button", { name: "Join and sign in" });
  await guest.allowing(/status of 4\d\d/, async () => {
    await invited.getByLabel("Name").fill(grace.name);
    await invited.getByLabel("Password").fill("short");
    await join.click();
    await invited.getByRole("alert").first().waitFor();
  });
  assert.equal(await invited.getByLabel("Name").inputValue(), grace.name, "the form keeps what was typed");
  await invited.getByLabel("Password").fill(grace.password);
  await join.click();
  await heading("Apps").waitFor();

  // The owner's page shows who came, by itself.
  await page.getByLabel(`Role of ${grace.name}`).waitFor();
  await button(`Revoke the invitation for ${grace.email}`).waitFor({ state: "hidden" });
  await guest.allowing(unauthorized, async () => {
    await invited.goto(link);
    await heading("This link does not work").waitFor();
  });
});

test("a member has apps of their own, and sees neither other people's nor who there is", async () => {
  await invited.goto(`${story.url}/new`);
  await invited.getByLabel("Name").fill(own);
  await invited.getByRole("button", { name: "Create app" }).click();
  await heading(`${own} is ready for its first deployment`).waitFor();
  await invited.goto(story.url);
  await app(invited, own).waitFor();
  assert.equal(await app(invited, theirs).count(), 0);

  await guest.allowing(/status of 404/, async () => {
    await invited.goto(`${story.url}/apps/${theirs}`);
    await heading(`No app is called ${theirs}`).waitFor();
  });
  await invited.goto(`${story.url}/account/people`);
  await invited.getByText("Only owners see this page").waitFor();
  assert.equal(await invited.getByRole("button", { name: "Invite" }).count(), 0);

  // What the page does not offer the server does not give either.
  assert.equal((await ask("GET", `/apps/${theirs}`)).status(), 404);
  assert.equal((await ask("PATCH", `/apps/${theirs}`, { port: 8081 })).status(), 404);
  assert.equal((await ask("GET", "/users")).status(), 403);
  assert.equal((await ask("POST", "/invitations", { role: "owner" })).status(), 403);

  await story.go("/");
  await app(page, own).waitFor();
  await app(page, theirs).waitFor();
});

test("a role that is changed holds at once, on the page that is open", async () => {
  const change = async (role) => {
    await story.go("/account/people");
    await page.getByLabel(`Role of ${grace.name}`).selectOption({ label: role });
    await story
      .dialog()
      .getByRole("button", { name: `Make ${role.toLowerCase()}` })
      .click();
    await story.dialog().waitFor({ state: "hidden" });
  };
  await invited.goto(story.url);
  await app(invited, own).waitFor();
  await change("Owner");
  await app(invited, theirs).waitFor();
  await change("Member");
  await app(invited, theirs).waitFor({ state: "hidden" });
  await app(invited, own).waitFor();
});

test("who is removed is out at once, and their apps go on under who removed them", async () => {
  const { url } = await story.deployed("lasting");
  const source = await story.source("source-trial");
  await source.write();
  await story.api.deployed(own, await story.api.upload(own, await source.tar()));
  const ownUrl = (await story.api.get(`/apps/${own}`)).url;
  await invited.goto(`${story.url}/apps/${own}`);
  await invited.getByText("Up and serving").waitFor();

  await story.go("/account/people");
  await story.button(`Remove ${grace.name}`).click();
  const remove = story.dialog().getByRole("button", { name: "Remove", exact: true });
  assert.equal(await remove.isDisabled(), true);
  await story.dialog().getByLabel(`Type ${grace.email} to go on`).fill(grace.email);
  await guest.allowing(unauthorized, async () => {
    await remove.click();
    await page.getByLabel(`Role of ${grace.name}`).waitFor({ state: "hidden" });
    await heading("Sign in").waitFor();
    await invited.getByLabel("E-mail").fill(grace.email);
    await invited.getByLabel("Password").fill(grace.password);
    await invited.getByRole("button", { name: "Sign in" }).click();
    await invited.getByRole("alert").first().waitFor();
    assert.equal((await ask("GET", "/apps")).status(), 401);
  });
  for (const still of [url, ownUrl]) assert.equal((await visit(still)).status, 200);
  await eventually("the app has another owner", async () => {
    const { items } = await story.api.get(`/events?app=${own}`);
    return items.some(({ action, target }) => action === "app.transfer" && target === "ada@example.com");
  });
});
