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
  onStatus: (status: SocketStatus) => void;
  /** Called after several attempts have failed in a row, to find out why. */
  onTrouble?: () => void;
}

const firstDelay = 400;
const longestDelay = 10_000;
const silenceLimit = 45_000;
const troubleAfter = 3;
// One that opens only to be closed at once has not worked.
const workedAfter = 5000;

export class ReconnectingSocket {
  private socket: WebSocket | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private openedAt: number | undefined;
  private closed = false;

  constructor(private readonly options: SocketOptions) {
    options.onStatus("connecting");
    window.addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
    this.connect();
  }

  /** Ends it for good; no callback is called any more. */
  close(): void {
    this.closed = true;
    window.removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    clearTimeout(this.retryTimer);
    clearTimeout(this.silenceTimer);
    this.detach();
  }

  /** Tries now instead of when the delay ends. */
  retryNow = (): void => {
    if (this.closed || this.socket) return;
    clearTimeout(this.retryTimer);
    this.connect();
  };

  private hurry = (): void => {
    if (document.visibilityState === "visible") this.retryNow();
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
      this.listen();
      this.options.onStatus("open");
    };
    socket.onmessage = (message) => {
      this.listen();
      let frame: unknown;
      try {
        frame = JSON.parse(message.data);
      } catch {
        return; // not ours to understand; the next one may be
      }
      this.options.onFrame(frame);
    };
    socket.onclose = () => this.lost();
    this.listen();
  }

  private listen(): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => this.lost(), silenceLimit);
  }

  private lost(): void {
    if (this.closed) return;
    clearTimeout(this.silenceTimer);
    this.detach();
    if (this.openedAt !== undefined && Date.now() - this.openedAt >= workedAfter) this.failures = 0;
    this.openedAt = undefined;
    this.failures++;
    this.options.onStatus("lost");
    if (this.failures % troubleAfter === 0) this.options.onTrouble?.();
    const delay = Math.min(longestDelay, firstDelay * 2 ** (this.failures - 1));
    // Spread out, or every browser comes back at the same instant.
    this.retryTimer = setTimeout(() => this.connect(), delay * (0.75 + Math.random() / 2));
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
