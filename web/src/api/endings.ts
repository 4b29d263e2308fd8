import type { QueryClient } from "@tanstack/react-query";
import { api } from "./client";
import type { Live } from "./live";
import { keys } from "./queries";
import { type Deployment, type LiveFrame, type SignedIn, terminal } from "./types";

// Of so many deployments it is remembered whose they are; the oldest are forgotten.
const remembered = 500;
const settle = 250;

interface EndingsOptions {
  /** Whether anybody wants to know; asked at each event. */
  wanted: () => boolean;
  tell: (deployment: Deployment) => void;
}

/**
 * Tells, once each, when deployments end that this person started (from
 * wherever) or has looked at in this tab while they ran.
 */
export class Endings {
  private readonly open = new Map<string, Deployment>();
  private readonly settled = new Set<string>();
  private readonly asked = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly end: () => void;

  constructor(
    private readonly client: QueryClient,
    live: Live,
    private readonly options: EndingsOptions,
  ) {
    const deaf = live.onEvent((event) => this.hear(event));
    const blind = client.getQueryCache().subscribe(({ type, query }) => {
      if (type !== "updated" || query.queryKey[0] !== "app" || query.queryKey[2] !== "deployment") return;
      const seen = query.state.data as Deployment | undefined;
      if (seen?.id && !terminal(seen.state)) this.follow(seen);
    });
    this.end = () => {
      deaf();
      blind();
    };
  }

  stop(): void {
    this.end();
    clearTimeout(this.timer);
  }

  private follow(deployment: Deployment): void {
    this.settled.delete(deployment.id);
    this.open.set(deployment.id, deployment);
  }

  private hear(event: LiveFrame): void {
    if (event.topic !== "deployment" || !event.app || !event.id || !this.options.wanted()) return;
    if (this.settled.has(event.id)) return;
    this.asked.add(`${event.app} ${event.id}`);
    this.timer ??= setTimeout(() => void this.look(), settle);
  }

  private async look(): Promise<void> {
    const asked = [...this.asked];
    this.asked.clear();
    this.timer = undefined;
    const unknown = new Set<string>();
    for (const key of asked) {
      const [app = "", id = ""] = key.split(" ");
      const known = this.open.get(id);
      if (known) this.judge(await api.deployment(app, known.number).catch(() => undefined));
      else unknown.add(app);
    }
    const me = this.client.getQueryData<SignedIn>(keys.session)?.user.email;
    for (const app of unknown) {
      const page = await api.deployments(app, "", 10).catch(() => undefined);
      for (const deployment of page?.items ?? []) {
        if (this.settled.has(deployment.id)) continue;
        if (deployment.created_by !== me) this.settle(deployment.id);
        else if (!terminal(deployment.state)) this.follow(deployment);
        // One that was over between two looks was asked about just now; others are old.
        else if (asked.includes(`${app} ${deployment.id}`)) this.judge(deployment);
        else this.settle(deployment.id);
      }
    }
  }

  private judge(deployment: Deployment | undefined): void {
    if (!deployment || !terminal(deployment.state) || this.settled.has(deployment.id)) return;
    this.settle(deployment.id);
    this.options.tell(deployment);
  }

  private settle(id: string): void {
    this.open.delete(id);
    this.settled.add(id);
    if (this.settled.size > remembered) {
      for (const oldest of this.settled) {
        this.settled.delete(oldest);
        break;
      }
    }
  }
}
