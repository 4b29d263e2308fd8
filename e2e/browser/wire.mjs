// A wire between the browser and Slipway that can be cut and mended.
import { connect, createServer } from "node:net";

/** Lays a wire to a server: {url, cut, mend, close}. */
export async function layWire(target) {
  const { hostname, port } = new URL(target);
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
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
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
