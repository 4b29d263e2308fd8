// Says how much script the first page takes, compressed, and fails when that is
// more than was agreed. The first page is the list of apps: the entry, the page,
// and all that the two import without being asked.
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const limit = 150_000;
const dist = process.env.DIST
  ? new URL(`${process.env.DIST}/`, "file:///")
  : new URL("../dist/", import.meta.url);
const manifest = JSON.parse(await readFile(new URL(".vite/manifest.json", dist), "utf8"));

const wanted = new Set();
const follow = (key) => {
  if (wanted.has(key)) return;
  wanted.add(key);
  for (const next of manifest[key].imports ?? []) follow(next);
};
for (const key of ["index.html", "src/pages/Apps.tsx"]) {
  if (!manifest[key]) throw new Error(`${key} is not in the build's manifest`);
  follow(key);
}

let total = 0;
const files = [];
for (const key of wanted) {
  const size = gzipSync(await readFile(new URL(manifest[key].file, dist)), { level: 9 }).length;
  total += size;
  files.push([size, manifest[key].file]);
}
for (const [size, file] of files.sort(([a], [b]) => b - a).slice(0, 8)) {
  console.log(`${(size / 1000).toFixed(1).padStart(7)} kB  ${file}`);
}
console.log(
  `${(total / 1000).toFixed(1).padStart(7)} kB  script of the first page, compressed; the limit is ${limit / 1000} kB`,
);
if (total > limit) process.exit(1);
