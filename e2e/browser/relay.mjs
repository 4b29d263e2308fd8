// Passes what comes to an address on to a Unix socket: HOST PORT SOCKET READY.
// READY is a file that it makes once it listens.
import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";

const [host, port, path, ready] = process.argv.slice(2);

createServer((near) => {
  const far = connect(path);
  const end = () => {
    near.destroy();
    far.destroy();
  };
  for (const socket of [near, far]) {
    socket.on("error", end);
    socket.on("close", end);
  }
  near.pipe(far);
  far.pipe(near);
}).listen(Number(port), host, () => writeFileSync(ready, ""));
