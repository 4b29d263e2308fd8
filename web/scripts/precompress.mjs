// Writes a .gz and a .br beside every text asset of dist that gets smaller by
// it, so that the server never compresses at request time.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const gz = promisify(gzip);
const br = promisify(brotliCompress);
const text = new Set([".html", ".js", ".css", ".svg", ".json", ".txt", ".webmanifest"]);
const root = new URL("../dist/", import.meta.url).pathname;

const entries = await readdir(root, { recursive: true, withFileTypes: true });
for (const entry of entries) {
  if (!entry.isFile() || !text.has(extname(entry.name))) continue;
  const path = join(entry.parentPath, entry.name);
  const body = await readFile(path);
  const forms = {
    gz: await gz(body, { level: 9 }),
    br: await br(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
  };
  for (const [suffix, small] of Object.entries(forms)) {
    if (small.length < body.length * 0.95) await writeFile(`${path}.${suffix}`, small);
  }
}
