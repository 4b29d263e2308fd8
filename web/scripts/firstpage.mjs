// Says how much script the first page takes, compressed, and fails when that is
// more than was agreed. The first page is the list of apps: what index.html asks
// for, the page, and all that these import without being asked. The manifest is
// for this only and is removed, or it would be served.
import { readFile, rm } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const limit = 150_000;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(await readFile(new URL(".vite/manifest.json", dist), "utf8"));
const html = await readFile(new URL("index.html", dist), "utf8");
const byFile = new Map(Object.values(manifest).map((chunk) => [chunk.file, chunk]));

const page = manifest["src/pages/Apps.tsx"];
if (!page) throw new Error("the list of apps is not in the build's manifest");
const wanted = new Set();
const follow = (file) => {
  if (wanted.has(file)) return;
  wanted.add(file);
  for (const key of byFile.get(file)?.imports ?? []) follow(manifest[key].file);
};
const asked = Array.from(html.matchAll(/(?:src|href)="\/([^"]+\.js)"/g), (m) => m[1]);
for (const file of [...asked, page.file]) follow(file);

const sizes = [];
for (const file of wanted)
  sizes.push([gzipSync(await readFile(new URL(file, dist)), { level: 9 }).length, file]);
sizes.sort(([a], [b]) => b - a);
const total = sizes.reduce((sum, [size]) => sum + size, 0);
const kB = (n) => `${(n / 1000).toFixed(1).padStart(7)} kB`;
for (const [size, file] of sizes.slice(0, 8)) console.log(`${kB(size)}  ${file}`);
console.log(
  `${kB(total)}  is the script of the first page, compressed; ${limit / 1000} kB is the most it may be`,
);
await rm(new URL(".vite", dist), { recursive: true });
if (total > limit) process.exitCode = 1;
