/**
 * A websocket that connects again by itself. The server sends a ping every 15 s;
 * a connection that has been silent for longer than three of them is taken for
 * dead even when the operating system has not noticed.
 */
export type SocketStatus = "connecting" | "open" | "lost" | "closed";

export interface SocketOptions {
  /** Gives the URL for each attempt; it holds the cursor to resume from. */
  url: () => string;
  onFrame: (frame: unknown) => void;
  /** When it is lost, retryAt is when it connects again, as Date.now() counts. */
  onStatus: (status: SocketStatus, retryAt?: number) => void;
  /** Called after several attempts have failed in a row, to find out why. */
  onTrouble?: () => void;
}

const firstDelay = 400;
const longestDelay = 10_000;
const silenceLimit = 45_000;
// Whoever comes back to the page does not wait for the limit: one ping missed is enough.
const doubtAfter = 20_000;
const watchEvery = 5000;
const troubleAfter = 3;
// One that opens only to be closed at once has not worked.
const workedAfter = 5000;

export class ReconnectingSocket {
  private socket: WebSocket | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly watch: ReturnType<typeof setInterval>;
  private failures = 0;
  private heardAt = 0;
  private openedAt: number | undefined;
  private closed = false;

  constructor(private readonly options: SocketOptions) {
    options.onStatus("connecting");
    window.addEventListener("online", this.hurry);
    window.addEventListener("pageshow", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
    // By the clock and not by one long timer, which a machine's sleep would hold up.
    this.watch = setInterval(() => {
      if (this.socket && Date.now() - this.heardAt >= silenceLimit) this.lost();
    }, watchEvery);
    this.connect();
  }

  /** Ends it for good; no callback is called any more. */
  close(): void {
    this.closed = true;
    window.removeEventListener("online", this.hurry);
    window.removeEventListener("pageshow", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    clearTimeout(this.retryTimer);
    clearInterval(this.watch);
    this.detach();
  }

  /** Tries now instead of when the delay ends. */
  retryNow = (): void => {
    if (this.closed || this.socket) return;
    clearTimeout(this.retryTimer);
    this.connect();
  };

  // Somebody is back, or the network is: a connection that slept through it is not trusted.
  private hurry = (): void => {
    if (this.closed || document.visibilityState !== "visible") return;
    if (this.socket && Date.now() - this.heardAt > doubtAfter) this.lost();
    this.retryNow();
  };

  private detach(): void {
    const socket = this.socket;
    this.socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    // Closing one that is still connecting makes browsers log an error.
    if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
    else socket.close();
  }

  private connect(): void {
    const socket = new WebSocket(this.options.url());
    this.socket = socket;
    socket.onopen = () => {
      this.openedAt = Date.now();
      this.heard();
      this.options.onStatus("open");
    };
    socket.onmessage = (message) => {
      this.heard();
      let frame: unknown;
      try {
        frame = JSON.parse(message.data);
      } catch {
        return; // not ours to understand; the next one may be
      }
      this.options.onFrame(frame);
    };
    socket.onclose = () => this.lost();
    this.heard();
  }

  private heard(): void {
    this.heardAt = Date.now();
  }

  private lost(): void {
    if (this.closed) return;
    this.detach();
    if (this.openedAt !== undefined && Date.now() - this.openedAt >= workedAfter) this.failures = 0;
    this.openedAt = undefined;
    this.failures++;
    const delay = Math.min(longestDelay, firstDelay * 2 ** (this.failures - 1));
    // Spread out, or every browser comes back at the same instant.
    const pause = delay * (0.75 + Math.random() / 2);
    this.options.onStatus("lost", Date.now() + pause);
    if (this.failures % troubleAfter === 0) this.options.onTrouble?.();
    this.retryTimer = setTimeout(() => this.connect(), pause);
  }
}

/** Gives the ws:// or wss:// URL of a path on this page's own host. */
export function socketUrl(path: string, query: Record<string, string | number | undefined> = {}): string {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") url.searchParams.set(name, String(value));
  }
  return url.href;
}
