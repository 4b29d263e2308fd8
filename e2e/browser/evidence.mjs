// What a failure leaves behind, in test-results/browser/STORY/TEST: for each tab
// a picture, its text and what it asked for, and the end of the server's log.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

const folder = new URL("../../test-results/browser/", import.meta.url).pathname;
const story = basename(process.argv[1] ?? "story").replace(/(\.test)?\.mjs$/, "");
const lastLines = 500;
const patience = 10_000; // a page that hangs is evidence too

const fileName = (name) =>
  name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .slice(0, 60);
const lines = (text) => text.split("\n").slice(-lastLines).join("\n");

/** Keeps what there is to see of a failed test; gives the folder. It never fails itself. */
export async function keepEvidence({ browsers, slipway }, name, error) {
  const dir = join(folder, story, fileName(name));
  const keep = async (file, make) => {
    try {
      await writeFile(join(dir, file), await make());
    } catch (problem) {
      await writeFile(join(dir, `${file}.missing`), `${problem}`).catch(() => {});
    }
  };
  await rm(dir, { recursive: true, force: true }).catch(() => {});
  await mkdir(dir, { recursive: true }).catch(() => {});
  await keep("error.txt", () => `${error?.cause?.stack ?? error?.stack ?? error}`);
  if (slipway) await keep("server.log", async () => lines(await readFile(slipway.logFile, "utf8")));
  if (browsers.length > 0)
    await keep("asked.txt", () => browsers.map(({ asked }) => asked.join("\n")).join("\n\n"));
  for (const [i, page] of browsers.flatMap(({ context }) => context.pages()).entries()) {
    await keep(`page-${i + 1}.txt`, async () => {
      const text = page.locator("body").innerText({ timeout: patience });
      return `${page.url()}\n${await page.title()}\n\n${await text}`;
    });
    await keep(`page-${i + 1}.png`, () => page.screenshot({ timeout: patience }));
  }
  return dir;
}
