import type { ProblemBody } from "./types";

/** A refusal of the API, or the network's, in words for people. */
export class Problem extends Error {
  readonly status: number;
  readonly kind: string;
  readonly requestId: string;
  /** Messages by the name of the field at fault. */
  readonly fields: Record<string, string>;
  /** Seconds until it is worth asking again, if the server said so. */
  readonly retryAfter: number | undefined;

  constructor(
    status: number,
    kind: string,
    detail: string,
    fields: Record<string, string> = {},
    more: { requestId?: string; retryAfter?: number } = {},
  ) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.kind = kind;
    this.fields = fields;
    this.requestId = more.requestId ?? "";
    this.retryAfter = more.retryAfter;
  }

  /** The server could not be reached at all. */
  get offline(): boolean {
    return this.status === 0;
  }
}

/** Takes "body.source.url" for "source.url": forms name fields as the body does. */
function fieldName(location: string): string {
  return location.replace(/^(body|query|path|header)\.?/, "");
}

export function problemFrom(response: Response, body: unknown): Problem {
  const seconds = Number(response.headers.get("Retry-After"));
  const retryAfter = Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
  if (typeof body !== "object" || body === null || !("detail" in body)) {
    return new Problem(
      response.status,
      "internal",
      `${response.status} ${response.statusText}`.trim(),
      {},
      { retryAfter },
    );
  }
  const problem = body as Partial<ProblemBody>;
  const fields: Record<string, string> = {};
  for (const { location, message } of problem.errors ?? []) {
    const name = fieldName(location);
    if (name && !(name in fields)) fields[name] = message;
  }
  if (problem.field && !(problem.field in fields)) fields[problem.field] = problem.detail ?? "";
  return new Problem(
    response.status,
    problem.kind ?? "internal",
    problem.detail || problem.title || `${response.status}`,
    fields,
    { requestId: problem.request_id, retryAfter },
  );
}

/**
 * Gives any error as a Problem. The network's are Problems already, see unwrap:
 * everything else is a mistake of the page's own, and no reason to blame the
 * connection or to ask again.
 */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(500, "page", error instanceof Error ? error.message : String(error));
}
