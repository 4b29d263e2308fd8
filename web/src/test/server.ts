import { vi } from "vitest";

export interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: unknown;
}

type Answer = { status?: number; body?: unknown; headers?: Record<string, string> };
type Handler = (call: Call) => Answer | Promise<Answer>;

/** Answers the API's calls from a table of "METHOD /path"; whatever is not in it is a 404. */
export function answerCalls(table: Record<string, Handler>): Call[] {
  const calls: Call[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = input instanceof Request ? input : new Request(input, init);
    const url = new URL(request.url);
    const text = await request.text();
    const call: Call = {
      method: request.method,
      path: url.pathname.replace("/api/v1", ""),
      query: url.searchParams,
      headers: request.headers,
      body: text ? JSON.parse(text) : undefined,
    };
    calls.push(call);
    const handler = table[`${call.method} ${call.path}`];
    const answer: Answer = handler
      ? await handler(call)
      : { status: 404, body: { detail: `no route ${call.method} ${call.path}`, kind: "not_found" } };
    const status = answer.status ?? 200;
    return new Response(status === 204 ? null : JSON.stringify(answer.body ?? {}), {
      status,
      headers: { "Content-Type": "application/json", ...answer.headers },
    });
  });
  return calls;
}

/** The body of a refusal, as the server writes it. */
export function refusal(status: number, detail: string, fields: Record<string, string> = {}): Answer {
  return {
    status,
    body: {
      type: "about:blank",
      title: "Refused",
      status,
      detail,
      kind: status === 401 ? "unauthenticated" : "invalid",
      request_id: "r-1",
      field: Object.keys(fields)[0],
      errors: Object.entries(fields).map(([location, message]) => ({
        location: `body.${location}`,
        message,
      })),
    },
  };
}
