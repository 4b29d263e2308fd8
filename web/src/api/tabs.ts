// What the tabs of one browser tell each other about who is signed in.
export type TabWord = "signed-in" | "signed-out";

const name = "slipway.session";

let channel: BroadcastChannel | undefined;
const hearers = new Set<(word: TabWord) => void>();

function opened(): BroadcastChannel | undefined {
  if (!channel && typeof BroadcastChannel !== "undefined") {
    channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => {
      if (data === "signed-in" || data === "signed-out") for (const hear of hearers) hear(data);
    };
  }
  return channel;
}

/** Tells the other tabs. */
export function tellTabs(word: TabWord): void {
  opened()?.postMessage(word);
}

/** Calls back with what other tabs tell; gives what ends it. */
export function hearTabs(hear: (word: TabWord) => void): () => void {
  opened();
  hearers.add(hear);
  return () => hearers.delete(hear);
}
