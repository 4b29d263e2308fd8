import type { Line } from "@/api/types";

// What the server says into a deployment's log while it rolls out. The log is
// the only place that tells when each part of it began; a test holds these to
// the words that the rollout really uses. What is not understood is left out.
const starting = /^starting (\d+) instances? of (\S+)$/;
const healthy = /^(\S+) is healthy after /;
const switched = /^traffic switched to v\d+$/;
const noSlot = /^Waiting for a free build slot/;
const image = /^Image [0-9a-f]+, ([\d.]+) MB$/;
const lastLines = /^The last lines of (\S+):$/;

/** What a deployment's log tells of its rollout: when it was where, and a failed instance's last words. */
export class Marks {
  /** How many instances of each process were started. */
  readonly started = new Map<string, number>();
  /** When each process was healthy, in milliseconds since 1970. */
  readonly healthyAt = new Map<string, number>();
  switchedAt: number | undefined;
  /** It waits until fewer builds run. */
  waitsForSlot = false;
  /** The size of the image that was built; absent when nothing was said of it. */
  imageBytes: number | undefined;
  /** The instance that failed, and what it said last. */
  failedInstance = "";
  readonly lastWords: Line[] = [];

  take(line: Line): void {
    if (line.step || line.step_id) this.waitsForSlot = false;
    if (line.source === "app" && this.failedInstance && line.instance === this.failedInstance) {
      this.lastWords.push(line);
    }
    if (line.source !== "slipway") return;
    if (line.state) this.enter(line.state);
    else this.read(line.text, Date.parse(line.time));
  }

  /** When all that was started was healthy; absent until then. */
  get allHealthyAt(): number | undefined {
    if (this.started.size === 0) return this.switchedAt;
    let last = 0;
    for (const process of this.started.keys()) {
      const at = this.healthyAt.get(process);
      if (at === undefined) return undefined;
      last = Math.max(last, at);
    }
    return last;
  }

  // A server that takes a deployment over enters its state again from the beginning.
  private enter(state: string): void {
    this.waitsForSlot = false;
    if (state !== "deploying") return;
    this.started.clear();
    this.healthyAt.clear();
    this.switchedAt = undefined;
  }

  private read(text: string, at: number): void {
    const begun = starting.exec(text);
    if (begun?.[2]) this.started.set(begun[2], Number(begun[1]));
    const well = healthy.exec(text);
    if (well?.[1]) this.healthyAt.set(well[1], at);
    if (switched.test(text)) this.switchedAt = at;
    if (noSlot.test(text)) this.waitsForSlot = true;
    const size = image.exec(text);
    if (size) this.imageBytes = Math.round(Number(size[1]) * 1e6);
    const last = lastLines.exec(text);
    if (last?.[1]) this.failedInstance = last[1];
  }
}
