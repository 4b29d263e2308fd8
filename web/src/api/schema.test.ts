// @vitest-environment node
import { readFileSync } from "node:fs";
import { join } from "node:path";
import openapiTS, { astToString, COMMENT_HEADER } from "openapi-typescript";
import { expect, it } from "vitest";

const folder = import.meta.dirname;

it("is what openapi.json says; run npm run gen after a change", async () => {
  const description = JSON.parse(readFileSync(join(folder, "../../openapi.json"), "utf8"));
  const wanted = COMMENT_HEADER + astToString(await openapiTS(description));
  expect(readFileSync(join(folder, "schema.d.ts"), "utf8") === wanted).toBe(true);
});
