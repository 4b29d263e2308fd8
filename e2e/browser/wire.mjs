// A wire between the browser and Slipway that can be cut and mended.
//
// The browser sits in a network namespace of its own. The engine makes and
// removes a network with each app; Chromium would take that for its own network
// changing and drop whatever is on its way. In there, a relay listens at
// Slipway's own address and passes everything through a Unix socket, which
// namespaces do not part.
import { chmod, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";

const relayScript = new URL("relay.mjs", import.meta.url).pathname;

/** Lays a wire to a server: {browser, cut, mend, close}; browser is the program to start. */
export async function layWire(target, dir, chromium = process.env.CHROMIUM ?? "/usr/bin/chromium") {
  const { hostname, port } = new URL(target);
  const path = join(dir, "wire.sock");
  const open = new Set();
  let whole = true;
  const server = createServer((near) => {
    if (!whole) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    const end = () => {
      near.destroy();
      far.destroy();
      open.delete(end);
    };
    open.add(end);
    for (const socket of [near, far]) {
      socket.on("error", end);
      socket.on("close", end);
    }
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise((resolve) => server.listen(path, resolve));
  return {
    browser: await wrap(dir, chromium, hostname, port, path),
    cut() {
      whole = false;
      for (const end of [...open]) end();
    },
    mend() {
      whole = true;
    },
    async close() {
      this.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const quote = (word) => `'${word.replaceAll("'", `'\\''`)}'`;

/** Writes the program that starts a relay and a browser in a namespace of their own, each time anew. */
async function wrap(dir, chromium, hostname, port, path) {
  const inside = join(dir, "browser-inside");
  const program = join(dir, "browser");
  const relay = [process.execPath, relayScript, hostname, port, path].map(quote).join(" ");
  await writeFile(
    inside,
    `#!/bin/sh
ip link set lo up || exit 1
ready=${quote(join(dir, "relay-ready"))}-$$
${relay} "$ready" &
relay=$!
trap 'kill $relay 2>/dev/null' EXIT
until [ -e "$ready" ]; do
  kill -0 $relay || exit 1
  sleep 0.05 # until it is looked at again whether the relay listens
done
${quote(chromium)} "$@"
`,
  );
  // Without root, a namespace of users gives the right to one of networks.
  const rights = process.getuid() === 0 ? "-n" : "-rn";
  await writeFile(program, `#!/bin/sh\nexec unshare ${rights} ${quote(inside)} "$@"\n`);
  await chmod(inside, 0o755);
  await chmod(program, 0o755);
  return program;
}
