// A world to look at: apps in every state there is, made through the API.
import { eventually } from "./slipway.mjs";
import { visit } from "./visit.mjs";

export const world = {
  shop: "shop", // releases, config, a domain, traffic, a deployment that failed
  fresh: "fresh", // nothing was deployed yet
  broken: "broken", // the first deployment failed
  busy: "busy", // a build is running
  long: "a-name-that-is-as-long-as-names-may-be-x", // 40 letters
};

/** What an app of the world prints: JSON, colours, plain words. */
export const lines = [
  { level: "info", msg: "listening", port: 8080 },
  { level: "warn", msg: "slow query", ms: 812, query: { table: "orders", where: ["open", "paid"] } },
  { level: "error", msg: "payment refused", error: "card expired", order: 4711 },
  "\x1b[32mGET\x1b[0m /orders \x1b[1;31m500\x1b[0m in 3 ms",
  "order 4712 is on its way",
];

/** The path that makes the test app print a line. */
export function saying(line) {
  return `/say?text=${encodeURIComponent(typeof line === "string" ? line : JSON.stringify(line))}`;
}

/** Fills a story's Slipway, and waits until all of it is there. */
export async function makeWorld(story) {
  const { api } = story;
  for (const name of Object.values(world)) await api.post("/apps", { name });
  const source = await story.source("source-world");
  const deploy = async (app, ...extra) => {
    await source.write(...extra);
    return api.upload(app, await source.tar());
  };
  // What does not wait for another goes on side by side.
  const live = await deploy(world.shop, "EXPOSE 8080");
  const first = await deploy(world.broken, "ENV EXIT=3", 'ENV COMPLAIN="no such table: users"');
  const long = await api.example(world.long, "static-site");
  await api.deployed(world.shop, live);
  await api.patch(`/apps/${world.shop}/config`, {
    set: { GREETING: "hello", DATABASE_URL: "postgres://shop:secret@db/shop", EMPTY: "" },
  });
  const failing = ["EXPOSE 8080", 'RUN ["/app", "nap", "10ms"]', 'RUN ["/app", "fail"]'];
  await api.ended(world.shop, await deploy(world.shop, ...failing));
  await api.ended(world.broken, first);
  await api.deployed(world.long, long);
  await api.post(`/apps/${world.shop}/domains`, { host: "shop.example.com" });
  await api.post("/tokens", { name: "CI", scopes: ["deploy"], expires_in_days: 90 });

  const { url } = await api.get(`/apps/${world.shop}`);
  for (const path of ["/", "/env?name=GREETING", "/log?from=1&to=40"]) await visit(url, path);
  for (const line of lines) await visit(url, saying(line));

  await deploy(world.busy, 'RUN ["/app", "sleep"]');
  await eventually("the busy app builds", async () => {
    const { items } = await api.get(`/apps/${world.busy}/deployments`);
    return items[0].state === "building";
  });
  return world;
}
