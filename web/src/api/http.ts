import type { Client } from "openapi-fetch";
import type { paths } from "./schema";

interface Options extends Omit<RequestInit, "body" | "headers" | "method"> {
  params?: {
    path?: Record<string, string | number>;
    query?: Record<string, unknown>;
    header?: Record<string, unknown>;
  };
  body?: unknown;
}

type Values = Record<string, unknown> | undefined;

function* given(values: Values): Generator<[string, string]> {
  for (const [name, value] of Object.entries(values ?? {})) {
    if (value === undefined || value === null) continue;
    yield [name, String(value)]; // the API separates several by commas, as String does
  }
}

function requestOf(method: string, path: string, { params, body, ...rest }: Options): Request {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(params?.path?.[name])),
  );
  const url = new URL(filled, location.origin);
  for (const [name, value] of given(params?.query)) url.searchParams.set(name, value);
  const headers = new Headers();
  for (const [name, value] of given(params?.header)) headers.set(name, value);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  return new Request(url, {
    credentials: "same-origin",
    ...rest,
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

/** The body of an answer: what it says in JSON, nothing where there is none, and the text where it is no JSON. */
async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Calls the API by the paths and types of its description. It is typed as the
 * client of openapi-fetch, and small, since the first page waits for it.
 */
export function httpClient(send: (request: Request) => Promise<Response>): Client<paths> {
  const call =
    (method: string) =>
    async (path: string, options: Options = {}) => {
      const response = await send(requestOf(method, path, options));
      const body = await bodyOf(response);
      return response.ok ? { data: body, response } : { error: body, response };
    };
  return {
    GET: call("GET"),
    POST: call("POST"),
    PATCH: call("PATCH"),
    PUT: call("PUT"),
    DELETE: call("DELETE"),
  } as unknown as Client<paths>;
}
