// A Slipway to drive, which leaves nothing behind.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const repository = new URL("../../", import.meta.url).pathname;

/** Asks again until the answer is truthy; what is waited for is named in the failure. */
export async function eventually(what, ask, within = 30_000) {
  const end = Date.now() + within;
  let last;
  for (;;) {
    try {
      const answer = await ask();
      if (answer) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) assert.fail(`not within ${within} ms: ${what}${last ? `: ${last.message}` : ""}`);
    // A pause between two looks at the same thing, not a wait for it.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// Below those that the system gives to whoever connects somewhere: such a one
// might be taken before the server listens, or while it is down.
const ports = { from: 20_000, count: 10_000 };
let tried = (process.pid * 64) % ports.count;

async function freePort() {
  for (let i = 0; i < ports.count; i++) {
    const port = ports.from + (tried++ % ports.count);
    const server = createServer();
    const free = await new Promise((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
  throw new Error("no port is free");
}

/**
 * Starts a Slipway: {url, enter, dir, logFile, down, up, stop}. enter is the link
 * that makes the owner; down ends the server and up starts it again, at the same
 * place with the same data.
 */
export async function startSlipway() {
  const dir = await mkdtemp(join(tmpdir(), "slipway-browser-"));
  await chmod(dir, 0o755); // Postgres runs as another user
  const program = process.env.SLIPWAY_BIN ?? join(repository, "bin/slipway");
  const listen = `127.0.0.1:${await freePort()}`;
  const router = `127.0.0.1:${await freePort()}`;
  const env = {
    PATH: process.env.PATH,
    HOME: dir,
    SLIPWAY_DATA: join(dir, "data"),
    SLIPWAY_INSTALLATION: `slw-browser-${process.pid}`,
    SLIPWAY_LISTEN: listen,
    SLIPWAY_ROUTER: "process",
    SLIPWAY_ROUTER_HTTP: router,
    SLIPWAY_ROUTER_HTTPS: "off",
    SLIPWAY_NETWORK_POOL: "10.252.0.0/16",
    SLIPWAY_HEALTH_TIMEOUT: "20s",
    SLIPWAY_DRAIN_TIMEOUT: "5s",
    SLIPWAY_STOP_GRACE: "2s",
  };
  if (process.env.DOCKER_HOST) env.DOCKER_HOST = process.env.DOCKER_HOST;
  const logFile = join(dir, "server.log");
  const url = `http://${listen}`;

  let server;
  let ended = Promise.resolve();
  const up = async () => {
    const log = createWriteStream(logFile, { flags: "a" });
    await new Promise((resolve) => log.once("open", resolve));
    server = spawn(program, ["server"], { env, cwd: dir, stdio: ["ignore", log, log] });
    ended = new Promise((resolve) => {
      server.once("exit", (code) => resolve(code ?? 0));
      server.once("error", (error) => resolve(error.message));
    });
    const ready = eventually("the server is ready", async () => (await fetch(`${url}/readyz`)).ok, 90_000);
    const outcome = await Promise.race([ready, ended.then((why) => `the server ended: ${why}`)]);
    assert.equal(outcome, true, `${outcome}\n${await readFile(logFile, "utf8")}`);
  };
  const down = async () => {
    server.kill("SIGINT");
    await ended;
  };
  const stop = async () => {
    await down();
    await run(program, ["server", "down", "--purge", "--volumes"], { env, cwd: dir });
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await up();
    const enter = (await readFile(join(dir, "data", "bootstrap-link"), "utf8")).trim();
    return { url, enter, dir, logFile, down, up, stop };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}
