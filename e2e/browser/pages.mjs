// Every page there is, and what can be opened on it. A route of the dashboard
// that is not listed here is a failure of its own: see missing().
import { readFile } from "node:fs/promises";
import { world } from "./world.mjs";

const routes = new URL("../../web/src/router.tsx", import.meta.url);

// The button that says the words of a key.
const press = (key, values) => async (story) => {
  const name = story.say(key, values);
  await story.page.getByRole("button", { name, exact: true }).first().click();
  await story.dialog().or(story.page.getByRole("menu")).first().waitFor();
};
// The button that writes a change down without saving it.
const stage = (key, values) => async (story) => {
  await story.page
    .getByRole("button", { name: story.say(key, values), exact: true })
    .first()
    .click();
  await story.page.getByRole("region", { name: story.say("config.changes"), exact: true }).waitFor();
};
const key = (keys) => async (story) => {
  await story.page.keyboard.press(keys);
  await story.dialog().first().waitFor();
};

// Chooses one of a few that are all seen.
const choose = (key) => (story) => story.page.getByRole("button", { name: story.say(key) }).click();

/**
 * name, route as the router has it, path, and by name what can be opened; busy
 * is one that shows for ever that something loads, prepare what is
 * done to it first, outside one for who is not
 * signed in, refused one for which the server has an error.
 */
export const pages = [
  {
    name: "apps",
    route: "/",
    path: "/",
    prepare: choose("apps.as_grid"),
    open: { palette: key("ControlOrMeta+k"), shortcuts: key("?") },
  },
  { name: "apps-table", route: "/", path: "/", prepare: choose("apps.as_table") },
  { name: "new-app", route: "/new", path: "/new" },
  { name: "new-app-git", route: "/new", path: "/new?way=git" },
  { name: "new-app-image", route: "/new", path: "/new?way=image" },
  { name: "new-app-example", route: "/new", path: "/new?way=example" },
  { name: "all-deployments", route: "/deployments", path: "/deployments" },
  { name: "activity", route: "/activity", path: "/activity" },
  { name: "account", route: "/account", path: "/account" },
  {
    name: "tokens",
    route: "/account/tokens",
    path: "/account/tokens",
    open: { "new-token": press("tokens.new"), revoke: press("tokens.revoke_name", { name: "CI" }) },
  },
  { name: "sessions", route: "/account/sessions", path: "/account/sessions" },
  { name: "people", route: "/account/people", path: "/account/people" },
  {
    name: "space",
    route: "/account/space",
    path: "/account/space",
    open: { collect: press("space.collect") },
  },
  {
    name: "clusters",
    route: "/clusters",
    path: "/clusters",
    open: { add: press("clusters.add") },
  },
  { name: "cluster", route: "/clusters/$cluster", path: "/clusters/local" },
  { name: "cluster-missing", route: "/clusters/$cluster", path: "/clusters/nowhere", refused: true },
  { name: "design", route: "/design", path: "/design", busy: true },
  {
    name: "overview",
    route: "/apps/$app/",
    path: `/apps/${world.shop}`,
    open: {
      deploy: press("deploy.button"),
      restart: press("restart.button"),
      palette: key("ControlOrMeta+k"),
    },
  },
  { name: "overview-fresh", route: "/apps/$app/", path: `/apps/${world.fresh}` },
  { name: "overview-broken", route: "/apps/$app/", path: `/apps/${world.broken}` },
  { name: "overview-busy", route: "/apps/$app/", path: `/apps/${world.busy}` },
  { name: "overview-long", route: "/apps/$app/", path: `/apps/${world.long}` },
  { name: "deployments", route: "/apps/$app/deployments", path: `/apps/${world.shop}/deployments` },
  { name: "deployments-fresh", route: "/apps/$app/deployments", path: `/apps/${world.fresh}/deployments` },
  { name: "deployment", route: "/apps/$app/deployments/$number", path: `/apps/${world.shop}/deployments/1` },
  {
    name: "deployment-failed",
    route: "/apps/$app/deployments/$number",
    path: `/apps/${world.shop}/deployments/3`,
  },
  {
    name: "deployment-running",
    route: "/apps/$app/deployments/$number",
    path: `/apps/${world.busy}/deployments/1`,
  },
  { name: "logs", route: "/apps/$app/logs", path: `/apps/${world.shop}/logs` },
  { name: "logs-fresh", route: "/apps/$app/logs", path: `/apps/${world.fresh}/logs` },
  {
    name: "config",
    route: "/apps/$app/config",
    path: `/apps/${world.shop}/config`,
    open: { unset: stage("config.unset_key", { key: "GREETING" }) },
  },
  { name: "config-fresh", route: "/apps/$app/config", path: `/apps/${world.fresh}/config` },
  {
    name: "releases",
    route: "/apps/$app/releases",
    path: `/apps/${world.shop}/releases`,
    open: { rollback: press("releases.rollback_to", { v: 1 }) },
  },
  { name: "releases-fresh", route: "/apps/$app/releases", path: `/apps/${world.fresh}/releases` },
  {
    name: "compare",
    route: "/apps/$app/releases/compare",
    path: `/apps/${world.shop}/releases/compare?from=1&to=2`,
  },
  {
    name: "domains",
    route: "/apps/$app/domains",
    path: `/apps/${world.shop}/domains`,
    open: { remove: press("domains.remove", { host: "shop.example.com" }) },
  },
  {
    name: "settings",
    route: "/apps/$app/settings",
    path: `/apps/${world.shop}/settings`,
    open: { destroy: press("destroy.button", { app: world.shop }) },
  },
  { name: "missing", path: "/no/such/page" },
  { name: "no-such-app", path: "/apps/nobody", refused: true },
  { name: "sign-in", route: "/sign-in", path: "/sign-in", outside: true },
  { name: "join", route: "/join", path: "/join", outside: true },
  { name: "setup", route: "/setup", path: "/setup", outside: true },
];

/** Opens a page and waits until it shows what it has. */
export async function show(story, { path, busy, prepare }) {
  await story.go(path);
  if (busy) await story.page.locator("h1").first().waitFor();
  else await story.settled();
  await prepare?.(story);
}

/** The routes of the dashboard that no page here shows. */
export async function missing() {
  const text = await readFile(routes, "utf8");
  const listed = new Set(pages.map(({ route }) => route));
  const found = [];
  for (const [, kind, path] of text.matchAll(/\b(path: |[pP]age\(|appPage\(|searchPage\()"(\/[^"]*)"/g)) {
    const inApp = kind === "appPage(" || kind === "searchPage(";
    if (path !== "/apps/$app") found.push(inApp ? `/apps/$app${path}` : path);
  }
  if (found.length < 15) throw new Error(`the routes were not understood: ${found}`);
  return found.filter((route) => !listed.has(route));
}
