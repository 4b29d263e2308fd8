import type { QueryClient, QueryKey } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { type AppPart, keys } from "./queries";
import { ReconnectingSocket, type SocketStatus, socketUrl } from "./socket";
import type { LiveFrame } from "./types";

const parts: Record<string, AppPart[]> = {
  app: ["self", "domains"],
  deployment: ["self", "deployments", "deployment"],
  instance: ["self", "instances"],
  release: ["self", "releases"],
  config: ["config"],
  domain: ["self", "domains"],
};

/** Gives the keys that an event makes stale. */
export function staleKeys(event: LiveFrame): QueryKey[] {
  const topic = event.topic ?? "";
  if (topic === "token") return [keys.tokens, keys.events];
  if (topic === "session") return [keys.sessions, keys.events];
  const stale: QueryKey[] = [];
  if (topic !== "config" && topic !== "domain") stale.push(keys.apps);
  if (topic === "deployment") stale.push(keys.deployments);
  if (topic !== "instance") stale.push(keys.events);
  if (event.app) {
    for (const part of parts[topic] ?? []) stale.push(keys.part(event.app, part));
    if (topic !== "instance") stale.push(keys.part(event.app, "events"));
  }
  return stale;
}

// A burst of events asks for each thing once.
const settle = 80;

/**
 * The live connection of this tab: makes stale what an event is about, and
 * everything when events were missed.
 */
export class Live {
  private epoch = "";
  private seq = 0;
  private socket: ReconnectingSocket | undefined;
  private status: SocketStatus = "connecting";
  private readonly listeners = new Set<() => void>();
  private readonly pending = new Map<string, QueryKey>();
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
    this.setStatus("closed");
  }

  retryNow = (): void => this.socket?.retryNow();

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  getStatus = (): SocketStatus => this.status;

  private setStatus(status: SocketStatus): void {
    if (this.status === status) return;
    this.status = status;
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
        this.everything();
        return;
      case "event":
        this.seq = Math.max(this.seq, frame.seq ?? 0);
        for (const key of staleKeys(frame)) this.pending.set(JSON.stringify(key), key);
        this.timer ??= setTimeout(() => this.flush(), settle);
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
    for (const queryKey of stale) void this.client.invalidateQueries({ queryKey });
  }

  private everything(): void {
    void this.client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] });
  }
}

export function useLiveStatus(live: Live): SocketStatus {
  return useSyncExternalStore(live.subscribe, live.getStatus);
}
