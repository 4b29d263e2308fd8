// The REST API, for what a story needs to be there before it begins, and for
// what somebody else does meanwhile.
import assert from "node:assert/strict";
import { eventually } from "./slipway.mjs";

const ends = ["succeeded", "failed", "cancelled", "superseded"];

export class Api {
  constructor(url) {
    this.base = `${url}/api/v1`;
    this.origin = url;
  }

  /** Takes the bootstrap link, and a token of its owner's. */
  async makeOwner(link, owner) {
    const token = new URL(link).searchParams.get("token");
    const made = await this.try("POST", "/setup", { token, ...owner }, { Origin: this.origin });
    assert.equal(made.status, 201, await made.clone().text());
    const cookie = made.headers
      .getSetCookie()
      .map((one) => one.split(";")[0])
      .join("; ");
    const given = await this.try(
      "POST",
      "/tokens",
      { name: "Story", scopes: ["admin"] },
      { Origin: this.origin, cookie },
    );
    assert.equal(given.status, 201, await given.clone().text());
    this.token = (await given.json()).token;
  }

  try(method, path, body, headers = {}) {
    const raw = body instanceof Uint8Array;
    return fetch(this.base + path, {
      method,
      headers: {
        ...(this.token && { Authorization: `Bearer ${this.token}` }),
        ...(body !== undefined && { "Content-Type": raw ? "application/x-tar" : "application/json" }),
        ...headers,
      },
      body: body === undefined || raw ? body : JSON.stringify(body),
    });
  }

  async send(method, path, body) {
    const answer = await this.try(method, path, body);
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  get = (path) => this.send("GET", path);
  post = (path, body) => this.send("POST", path, body);
  patch = (path, body) => this.send("PATCH", path, body);
  delete = (path) => this.send("DELETE", path);

  async signInLink() {
    return (await this.post("/sign-in-links")).url;
  }

  /** Uploads a tar and deploys it; gives the deployment's number. */
  async upload(app, tar) {
    const { source_id } = await this.post(`/apps/${app}/sources`, tar);
    return (await this.post(`/apps/${app}/deployments`, { source_id })).number;
  }

  /** Deploys one of the examples; gives the deployment's number. */
  async example(app, example) {
    return (await this.post(`/apps/${app}/deployments`, { example })).number;
  }

  /** Waits for the end of a deployment: its state. */
  async ended(app, number) {
    return eventually(
      `the end of ${app} #${number}`,
      async () => {
        const { state } = await this.get(`/apps/${app}/deployments/${number}`);
        return ends.includes(state) && state;
      },
      90_000,
    );
  }

  async deployed(app, number) {
    assert.equal(await this.ended(app, number), "succeeded");
  }
}
