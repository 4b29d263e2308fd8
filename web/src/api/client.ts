import { httpClient } from "./http";
import { Problem, problemFrom } from "./problem";
import type { paths } from "./schema";
import { type TabWord, tellTabs } from "./tabs";
import type { ClusterAccess } from "./types";

const http = httpClient(send);

/**
 * Sends a request. One that carries an idempotency key is sent again when the
 * network failed, since the server does what it asks for once.
 */
async function send(request: Request): Promise<Response> {
  const again = request.headers.has("Idempotency-Key") ? [200, 800] : [];
  for (const pause of again) {
    try {
      // Looked up at each call, so that tests can put another in its place.
      return await globalThis.fetch(request.clone());
    } catch {
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  return globalThis.fetch(request);
}

/** Called when the server no longer knows who is asking. */
let onSignedOut: () => void = () => {};

export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** Gives the body of a good answer; throws a Problem for any other. */
async function unwrap<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "unreachable", "");
  }
  if (answer.response.ok) return answer.data as T;
  const problem = problemFrom(answer.response, answer.error);
  if (problem.status === 401 && problem.kind === "unauthenticated") onSignedOut();
  throw problem;
}

/** The body of a good answer, with the revision that its ETag names: 0 where none came through. */
async function revised<T>(call: Promise<Answer<T>>): Promise<T & { revision: number }> {
  let etag: string | null = null;
  const body = await unwrap(
    call.then((answer) => {
      etag = answer.response.headers.get("ETag");
      return answer;
    }),
  );
  return { ...body, revision: Number(/\d+/.exec(etag ?? "")?.[0] ?? 0) };
}

/** Tells this browser's other tabs once a call has gone well. */
async function telling<T>(word: TabWord, call: Promise<T>): Promise<T> {
  const result = await call;
  tellTabs(word);
  return result;
}

/** A key that makes repeating a creating call harmless. crypto.randomUUID is missing on plain-HTTP origins. */
export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

function creating() {
  return { "Idempotency-Key": idempotencyKey() };
}

type Body<P extends keyof paths, M extends "post" | "patch"> = paths[P] extends {
  [K in M]: { requestBody?: { content: { "application/json": infer B } } };
}
  ? B
  : never;

/** What a list of deployments is narrowed to. */
export type DeploymentQuery = Omit<
  NonNullable<paths["/api/v1/deployments"]["get"]["parameters"]["query"]>,
  "limit" | "cursor"
>;

/** Every call that the dashboard makes, one line each. */
export const api = {
  setup: () => unwrap(http.GET("/api/v1/setup")),
  createOwner: (body: Body<"/api/v1/setup", "post">) =>
    telling("signed-in", unwrap(http.POST("/api/v1/setup", { body }))),

  session: () => unwrap(http.GET("/api/v1/session")),
  signIn: (body: Body<"/api/v1/session", "post">) =>
    telling("signed-in", unwrap(http.POST("/api/v1/session", { body }))),
  signInByLink: (token: string) =>
    telling("signed-in", unwrap(http.POST("/api/v1/session/link", { body: { token } }))),
  signOut: () => telling("signed-out", unwrap(http.DELETE("/api/v1/session"))),
  updateMe: (body: Body<"/api/v1/users/me", "patch">) => unwrap(http.PATCH("/api/v1/users/me", { body })),

  sessions: () => unwrap(http.GET("/api/v1/sessions")),
  revokeSession: (id: string) => unwrap(http.DELETE("/api/v1/sessions/{id}", { params: { path: { id } } })),
  tokens: () => unwrap(http.GET("/api/v1/tokens")),
  createToken: (body: Body<"/api/v1/tokens", "post">) =>
    unwrap(http.POST("/api/v1/tokens", { body, params: { header: creating() } })),
  revokeToken: (id: string) => unwrap(http.DELETE("/api/v1/tokens/{id}", { params: { path: { id } } })),

  users: () => unwrap(http.GET("/api/v1/users")),
  setRole: (id: string, role: Body<"/api/v1/users/{id}", "patch">["role"]) =>
    unwrap(http.PATCH("/api/v1/users/{id}", { body: { role }, params: { path: { id } } })),
  removeUser: (id: string) => unwrap(http.DELETE("/api/v1/users/{id}", { params: { path: { id } } })),
  invitations: () => unwrap(http.GET("/api/v1/invitations")),
  invite: (body: Body<"/api/v1/invitations", "post">) =>
    unwrap(http.POST("/api/v1/invitations", { body, params: { header: creating() } })),
  revokeInvitation: (id: string) =>
    unwrap(http.DELETE("/api/v1/invitations/{id}", { params: { path: { id } } })),
  invitation: (token: string) => unwrap(http.POST("/api/v1/join/invitation", { body: { token } })),
  join: (body: Body<"/api/v1/join", "post">) =>
    telling("signed-in", unwrap(http.POST("/api/v1/join", { body }))),

  apps: (cursor: string) => unwrap(http.GET("/api/v1/apps", { params: { query: { limit: 200, cursor } } })),
  createApp: (body: Body<"/api/v1/apps", "post">) =>
    unwrap(http.POST("/api/v1/apps", { body, params: { header: creating() } })),
  app: (app: string) => unwrap(http.GET("/api/v1/apps/{app}", { params: { path: { app } } })),
  updateApp: (app: string, revision: number, body: Body<"/api/v1/apps/{app}", "patch">) =>
    unwrap(
      http.PATCH("/api/v1/apps/{app}", {
        body,
        params: { path: { app }, header: { "If-Match": `"${revision}"` } },
      }),
    ),
  destroyApp: (app: string, confirm: string, volumes: string[] = []) =>
    unwrap(
      http.DELETE("/api/v1/apps/{app}", {
        params: {
          path: { app },
          query: { confirm, confirm_volumes: volumes.length > 0 ? volumes : undefined },
        },
      }),
    ),

  config: (app: string) => revised(http.GET("/api/v1/apps/{app}/config", { params: { path: { app } } })),
  updateConfig: (app: string, revision: number, body: Body<"/api/v1/apps/{app}/config", "patch">) =>
    unwrap(
      http.PATCH("/api/v1/apps/{app}/config", {
        body,
        params: { path: { app }, header: { "If-Match": revision > 0 ? `"${revision}"` : undefined } },
      }),
    ),

  domains: (app: string) => unwrap(http.GET("/api/v1/apps/{app}/domains", { params: { path: { app } } })),
  addDomain: (app: string, host: string) =>
    unwrap(
      http.POST("/api/v1/apps/{app}/domains", {
        body: { host },
        params: { path: { app }, header: creating() },
      }),
    ),
  removeDomain: (app: string, host: string) =>
    unwrap(http.DELETE("/api/v1/apps/{app}/domains/{host}", { params: { path: { app, host } } })),

  clusters: () => unwrap(http.GET("/api/v1/clusters")),
  cluster: (cluster: string) =>
    unwrap(http.GET("/api/v1/clusters/{cluster}", { params: { path: { cluster } } })),
  addCluster: (body: Body<"/api/v1/clusters", "post">) =>
    unwrap(http.POST("/api/v1/clusters", { body, params: { header: creating() } })),
  renewCluster: (cluster: string, body: ClusterAccess) =>
    unwrap(http.PUT("/api/v1/clusters/{cluster}/access", { body, params: { path: { cluster } } })),
  removeCluster: (cluster: string) =>
    unwrap(http.DELETE("/api/v1/clusters/{cluster}", { params: { path: { cluster } } })),
  joinCluster: (cluster: string) =>
    unwrap(http.POST("/api/v1/clusters/{cluster}/join", { params: { path: { cluster } } })),
  drainNode: (cluster: string, node: string) =>
    unwrap(
      http.POST("/api/v1/clusters/{cluster}/nodes/{node}/drain", { params: { path: { cluster, node } } }),
    ),
  resumeNode: (cluster: string, node: string) =>
    unwrap(
      http.POST("/api/v1/clusters/{cluster}/nodes/{node}/resume", { params: { path: { cluster, node } } }),
    ),
  plan: (app: string, change: Body<"/api/v1/apps/{app}/plan", "post">) =>
    unwrap(http.POST("/api/v1/apps/{app}/plan", { body: change, params: { path: { app } } })),
  moveApp: (app: string, to: string) =>
    unwrap(
      http.POST("/api/v1/apps/{app}/move", { body: { to }, params: { path: { app }, header: creating() } }),
    ),

  volumes: (app: string) => unwrap(http.GET("/api/v1/apps/{app}/volumes", { params: { path: { app } } })),
  addVolume: (app: string, body: Body<"/api/v1/apps/{app}/volumes", "post">) =>
    unwrap(http.POST("/api/v1/apps/{app}/volumes", { body, params: { path: { app }, header: creating() } })),
  removeVolume: (app: string, volume: string, confirm: string) =>
    unwrap(
      http.DELETE("/api/v1/apps/{app}/volumes/{volume}", {
        params: { path: { app, volume }, query: { confirm } },
      }),
    ),

  instances: (app: string) => unwrap(http.GET("/api/v1/apps/{app}/instances", { params: { path: { app } } })),
  scale: (app: string, scale: Record<string, number>) =>
    unwrap(http.PATCH("/api/v1/apps/{app}/scale", { body: scale, params: { path: { app } } })),
  restart: (app: string) =>
    unwrap(http.POST("/api/v1/apps/{app}/restart", { params: { path: { app }, header: creating() } })),

  releases: (app: string, cursor: string) =>
    unwrap(
      http.GET("/api/v1/apps/{app}/releases", { params: { path: { app }, query: { limit: 50, cursor } } }),
    ),
  release: (app: string, version: number) =>
    unwrap(http.GET("/api/v1/apps/{app}/releases/{version}", { params: { path: { app, version } } })),
  rollback: (app: string, version?: number) =>
    unwrap(
      http.POST("/api/v1/apps/{app}/rollback", {
        body: version === undefined ? {} : { version },
        params: { path: { app }, header: creating() },
      }),
    ),

  allDeployments: (cursor: string, only: DeploymentQuery = {}) =>
    unwrap(http.GET("/api/v1/deployments", { params: { query: { limit: 50, cursor, ...only } } })),
  deployments: (app: string, cursor: string, limit = 50, only: DeploymentQuery = {}) =>
    unwrap(
      http.GET("/api/v1/apps/{app}/deployments", {
        params: { path: { app }, query: { limit, cursor, ...only } },
      }),
    ),
  deployment: (app: string, number: number) =>
    unwrap(http.GET("/api/v1/apps/{app}/deployments/{number}", { params: { path: { app, number } } })),
  deploy: (app: string, body: Body<"/api/v1/apps/{app}/deployments", "post">) =>
    unwrap(
      http.POST("/api/v1/apps/{app}/deployments", { body, params: { path: { app }, header: creating() } }),
    ),
  cancelDeployment: (app: string, number: number) =>
    unwrap(
      http.POST("/api/v1/apps/{app}/deployments/{number}/cancel", { params: { path: { app, number } } }),
    ),
  retryDeployment: (app: string, number: number) =>
    unwrap(
      http.POST("/api/v1/apps/{app}/deployments/{number}/retry", {
        params: { path: { app, number }, header: creating() },
      }),
    ),

  webhookSecret: (app: string) =>
    unwrap(http.POST("/api/v1/apps/{app}/webhook-secret", { params: { path: { app }, header: creating() } })),
  events: (app: string | undefined, cursor: string, only: { actor?: string; action?: string } = {}) =>
    unwrap(http.GET("/api/v1/events", { params: { query: { limit: 50, cursor, app, ...only } } })),
  examples: () => unwrap(http.GET("/api/v1/examples")),
  lastLines: (app: string, tail: number) =>
    unwrap(http.GET("/api/v1/apps/{app}/logs", { params: { path: { app }, query: { tail } } })),
  lastDeploymentLines: (app: string, number: number, tail: number) =>
    unwrap(
      http.GET("/api/v1/apps/{app}/deployments/{number}/logs", {
        params: { path: { app, number }, query: { tail } },
      }),
    ),
  metrics: (app: string, range: "1h" | "6h" | "24h", signal?: AbortSignal) =>
    unwrap(http.GET("/api/v1/apps/{app}/metrics", { params: { path: { app }, query: { range } }, signal })),
  recentMetrics: (signal?: AbortSignal) => unwrap(http.GET("/api/v1/metrics", { signal })),
  status: () => unwrap(http.GET("/api/v1/status")),
  space: () => unwrap(http.GET("/api/v1/space")),
  collectSpace: (harder: boolean, dryRun: boolean) =>
    unwrap(http.POST("/api/v1/space/collect", { params: { query: { harder, dry_run: dryRun } } })),
};
