import type { QueryClient, QueryFilters, QueryKey } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { api } from "./client";
import { asProblem } from "./problem";
import { type AppPart, keys } from "./queries";
import { ReconnectingSocket, type SocketStatus, socketUrl } from "./socket";
import type { App, LiveFrame } from "./types";

const parts: Record<string, AppPart[]> = {
  app: ["self", "domains", "volumes"],
  deployment: ["self", "deployments", "deployment"],
  instance: ["self", "instances"],
  release: ["self", "releases"],
  config: ["config"],
  domain: ["self", "domains"],
};

/** Gives the keys that an event makes stale. */
export function staleKeys(event: LiveFrame): QueryKey[] {
  const topic: string = event.topic ?? "";
  if (topic === "token") return [keys.tokens, keys.events];
  if (topic === "cluster") return [keys.clusters, keys.events];
  if (topic === "space") return [keys.space, keys.events];
  if (topic === "session") return [keys.sessions, keys.events];
  // Who one is may have changed with it, and whose an app is.
  if (topic === "user") return [keys.users, keys.session, keys.apps, keys.deployments, keys.events];
  if (topic === "invitation") return [keys.invitations, keys.events];
  const stale: QueryKey[] = [];
  if (topic === "deployment") stale.push(keys.deployments);
  if (topic !== "instance") stale.push(keys.events);
  if (event.app) {
    for (const part of parts[topic] ?? []) stale.push(keys.part(event.app, part));
    if (topic !== "instance") stale.push(keys.part(event.app, "events"));
  }
  return stale;
}

/** Gives the app that stands otherwise in the list of all apps after an event. */
export function changedApp({ topic, app }: LiveFrame): string | undefined {
  const seen = topic === "app" || topic === "deployment" || topic === "instance" || topic === "release";
  return seen ? app : undefined;
}

// A burst of events asks for each thing once.
const settle = 80;
// When more apps changed than this, the list of all is fetched anew.
const mostSingly = 8;

/**
 * The live connection of this tab: makes stale what an event is about, and
 * everything when events were missed.
 */
export class Live {
  private epoch = "";
  private seq = 0;
  private socket: ReconnectingSocket | undefined;
  private status: SocketStatus = "connecting";
  private lostAt: number | undefined;
  private readonly listeners = new Set<() => void>();
  private readonly hearers = new Set<(event: LiveFrame) => void>();
  private readonly pending = new Map<string, QueryKey>();
  private readonly changed = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly client: QueryClient) {}

  start(): void {
    if (this.socket) return;
    this.socket = new ReconnectingSocket({
      url: () => socketUrl("/api/v1/live", { epoch: this.epoch, after: this.epoch ? this.seq : undefined }),
      onFrame: (frame) => this.take(frame as LiveFrame),
      onStatus: (status) => this.setStatus(status),
      onTrouble: () => this.whoAmI(),
    });
  }

  stop(): void {
    this.socket?.close();
    this.socket = undefined;
    this.epoch = "";
    this.seq = 0;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.pending.clear();
    this.changed.clear();
    this.setStatus("closed");
  }

  retryNow = (): void => this.socket?.retryNow();

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  getStatus = (): SocketStatus => this.status;

  /** Since when the connection has been lost, in milliseconds; undefined while it is not. */
  getLostAt = (): number | undefined => this.lostAt;

  /** Calls back with each event; gives what ends it. */
  onEvent(hear: (event: LiveFrame) => void): () => void {
    this.hearers.add(hear);
    return () => this.hearers.delete(hear);
  }

  private setStatus(status: SocketStatus): void {
    if (this.status === status) return;
    this.status = status;
    // The tries to connect again are part of the one cut.
    if (status === "lost") this.lostAt ??= Date.now();
    else this.lostAt = undefined;
    for (const listener of this.listeners) listener();
  }

  private take(frame: LiveFrame): void {
    switch (frame.type) {
      case "hello":
        // Another epoch is another history, and before the first hello nobody
        // told us what changed: what is shown may be old already.
        if (frame.epoch !== this.epoch) {
          this.seq = frame.seq ?? 0;
          this.epoch = frame.epoch ?? "";
          this.everything();
        }
        return;
      case "error":
        this.whoAmI();
        return;
      case "reset":
        // What follows is counted from here, in a history that may be another.
        this.seq = frame.seq ?? 0;
        this.epoch = frame.epoch ?? this.epoch;
        this.everything();
        return;
      case "event":
        this.seq = Math.max(this.seq, frame.seq ?? 0);
        for (const key of staleKeys(frame)) this.pending.set(JSON.stringify(key), key);
        this.changed.add(changedApp(frame) ?? "");
        this.timer ??= setTimeout(() => this.flush(), settle);
        for (const hear of this.hearers) hear(frame);
    }
  }

  // Most likely the session has ended: asking for it says so.
  private whoAmI(): void {
    void this.client.refetchQueries({ queryKey: keys.session });
  }

  private flush(): void {
    this.timer = undefined;
    const stale = [...this.pending.values()];
    this.pending.clear();
    for (const queryKey of stale) if (!this.goes(queryKey)) this.outdate({ queryKey });
    this.changed.delete("");
    const changed = [...this.changed];
    this.changed.clear();
    if (changed.length > mostSingly) this.outdate({ queryKey: keys.apps });
    else for (const app of changed) void this.renewListed(app);
  }

  /**
   * Puts one app anew into the list of all, which may be long. The whole list is
   * fetched when it is on its way already, and when the app came or went.
   */
  private async renewListed(name: string): Promise<void> {
    const { client } = this;
    const all = { queryKey: keys.apps, exact: true };
    const list = client.getQueryCache().find<App[]>(all);
    if (!list) return;
    const settled = () => list.isActive() && list.state.fetchStatus === "idle";
    if (!settled() || !list.state.data?.some((app) => app.name === name)) return this.outdate(all);
    try {
      const app = await api.app(name);
      if (!settled()) return this.outdate(all);
      client.setQueryData<App[]>(keys.apps, (apps) => apps?.map((one) => (one.id === app.id ? app : one)));
    } catch (error) {
      if (asProblem(error).status !== 401) this.outdate(all);
    }
  }

  /** Has queries that are shown ask again, also those that wait for their first answer: it may be older. */
  private outdate(filters: QueryFilters): void {
    const waiting = this.client
      .getQueryCache()
      .findAll({ ...filters, fetchStatus: "fetching" })
      .filter(({ state }) => state.data === undefined);
    void this.client.invalidateQueries(filters);
    for (const query of waiting) {
      const again = () => this.client.invalidateQueries({ queryKey: query.queryKey, exact: true });
      void query.fetch().then(again, again); // the fetch that is under way
    }
  }

  // What is about an app that this tab destroys is left as it is: its page stands
  // until the answer comes, and would say for a moment that there is no such app.
  private goes([kind, app]: QueryKey): boolean {
    return kind === "app" && this.client.isMutating({ mutationKey: keys.destroying(String(app)) }) > 0;
  }

  private everything(): void {
    this.outdate({ predicate: (query) => query.queryKey[0] !== keys.session[0] });
  }
}

/** Since when the connection has been lost; undefined while it is not. */
export function useLostAt(live: Live): number | undefined {
  return useSyncExternalStore(live.subscribe, live.getLostAt);
}

export function useLiveStatus(live: Live): SocketStatus {
  return useSyncExternalStore(live.subscribe, live.getStatus);
}
