import { QueryClient } from "@tanstack/react-query";
import { describe, expect, it, vi } from "vitest";
import { aDeployment } from "@/test/deployments";
import { api } from "./client";
import { queries } from "./queries";
import { settledPage } from "./settled";

const page = (next_cursor: string, ...items: ReturnType<typeof aDeployment>[]) => ({ items, next_cursor });
const over = (number: number) => aDeployment({ number, state: "succeeded" });

describe("settledPage", () => {
  const held = {
    pages: [
      page("a", over(9)),
      page("b", over(8), over(7)),
      page("", aDeployment({ number: 6, state: "building" })),
    ],
    pageParams: ["", "a", "b"],
  };
  it("is one that is held and all over", () => {
    expect(settledPage(held, "a")?.items.map((d) => d.number)).toEqual([8, 7]);
  });
  it("is never the first, nor one where something moves, nor one that is not held", () => {
    expect(settledPage(held, "")).toBeUndefined();
    expect(settledPage(held, "b")).toBeUndefined();
    expect(settledPage(held, "c")).toBeUndefined();
    expect(settledPage(undefined, "a")).toBeUndefined();
  });
});

it("asks anew only for the pages that can have changed", async () => {
  const client = new QueryClient();
  const answers: Record<string, ReturnType<typeof page>> = { "": page("a", over(3)), a: page("", over(2)) };
  const ask = vi
    .spyOn(api, "deployments")
    .mockImplementation(async (_, cursor) => answers[cursor] ?? page(""));
  const options = { ...queries.deployments("hello"), pages: 2 };
  await client.fetchInfiniteQuery(options);
  expect(ask.mock.calls.map(([, cursor]) => cursor)).toEqual(["", "a"]);
  await client.invalidateQueries();
  await client.fetchInfiniteQuery(options);
  expect(ask.mock.calls.map(([, cursor]) => cursor)).toEqual(["", "a", ""]);
  // Another one came: the pages begin elsewhere, so all of them are asked for.
  answers[""] = page("b", over(4));
  answers.b = page("", over(3));
  await client.invalidateQueries();
  await client.fetchInfiniteQuery(options);
  expect(ask.mock.calls.map(([, cursor]) => cursor)).toEqual(["", "a", "", "", "b"]);
});
