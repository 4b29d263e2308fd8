import { describe, expect, it } from "vitest";
import { httpClient } from "./http";

async function sent(
  call: (http: ReturnType<typeof httpClient>) => Promise<unknown>,
  answer = new Response("{}"),
) {
  let request: Request | undefined;
  const http = httpClient(async (given) => {
    request = given;
    return answer;
  });
  const result = (await call(http)) as { data?: unknown; error?: unknown };
  if (!request) throw new Error("nothing was sent");
  const url = new URL(request.url);
  return { request, url, result, text: await request.text() };
}

describe("httpClient", () => {
  it("fills in the path and the query, each written so that it is taken for nothing else", async () => {
    const { request, url, text } = await sent((http) =>
      http.GET("/api/v1/apps/{app}/releases", {
        params: { path: { app: "a/../b?c" }, query: { limit: 50, cursor: "x&y=z" } },
      }),
    );
    expect(request.method).toBe("GET");
    expect(url.pathname).toBe("/api/v1/apps/a%2F..%2Fb%3Fc/releases");
    expect(Object.fromEntries(url.searchParams)).toEqual({ limit: "50", cursor: "x&y=z" });
    expect(request.headers.get("Content-Type")).toBeNull();
    expect(text).toBe("");
  });

  it("leaves out what is not given", async () => {
    const { url } = await sent((http) =>
      http.GET("/api/v1/events", { params: { query: { limit: 50, cursor: "", app: undefined } } }),
    );
    expect(url.search).toBe("?limit=50&cursor=");
  });

  it("sends a body as JSON, with the headers of the call", async () => {
    const { request, text } = await sent((http) =>
      http.POST("/api/v1/tokens", {
        body: { name: "CI", scopes: ["read"] },
        params: { header: { "Idempotency-Key": "k" } },
      }),
    );
    expect(request.headers.get("Content-Type")).toBe("application/json");
    expect(request.headers.get("Idempotency-Key")).toBe("k");
    expect(JSON.parse(text)).toEqual({ name: "CI", scopes: ["read"] });
  });

  it("tells what was answered, whatever form it has", async () => {
    const call = (answer: Response) =>
      sent((http) => http.GET("/api/v1/session"), answer).then(({ result }) => result);
    expect((await call(Response.json({ a: 1 }))).data).toEqual({ a: 1 });
    expect((await call(new Response(null, { status: 204 }))).data).toBeUndefined();
    expect((await call(Response.json({ detail: "no" }, { status: 422 }))).error).toEqual({ detail: "no" });
    expect((await call(new Response("<h1>Bad gateway", { status: 502 }))).error).toBe("<h1>Bad gateway");
  });
});
