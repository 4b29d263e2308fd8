import { describe, expect, it } from "vitest";
import type { Deployment, Instance } from "@/api/types";
import { aDeployment, aRelease } from "@/test/deployments";
import { BuildLog } from "./buildlog";
import { type Around, partWords, phaseWords } from "./phasewords";
import { byteChange, bytes, deploymentWords, ordinal } from "./words";

const around = (part: Partial<Around>): Around => ({
  log: new BuildLog(),
  ahead: [],
  instances: [],
  scale: { web: 2 },
  release: undefined,
  draining: { instances: 0, versions: [], endedAt: undefined, none: false },
  ...part,
});
const instance = (part: Partial<Instance>): Instance => ({
  name: "hello.web.v3.1",
  process: "web",
  release: 3,
  index: 1,
  state: "starting",
  address: "",
  restarts: 0,
  exit_code: 0,
  oom_killed: false,
  node: "n",
  ...part,
});
const running = { status: "running", from: 0, to: undefined } as const;
const queued = (part: Partial<Deployment>, ahead: Deployment[] = []) =>
  phaseWords({ name: "queued", ...running }, aDeployment(part), around({ ahead }));

describe("what a phase waits for", () => {
  it("is a place in the queue, behind whom", () => {
    expect(
      queued({ app: "shop", queue_position: 1 }, [
        aDeployment({ app: "shop", number: 41, state: "building" }),
      ]),
    ).toBe("2nd in the queue, behind #41 of shop (building)");
    expect(queued({ queue_position: 3 })).toBe("4th in the queue");
    expect(queued({})).toBe("Waiting for a free worker");
  });

  it("is the step that the build is at, or a slot", () => {
    const log = new BuildLog();
    const line = { seq: 1, time: "2026-01-02T03:04:05Z", source: "slipway" };
    log.addLines([{ ...line, text: "Waiting for a free build slot: 2 builds are running" }]);
    const d = aDeployment({ state: "building" });
    const words = () => phaseWords({ name: "building", ...running }, d, around({ log }));
    expect(words()).toBe("Waiting for a free build slot");
    const step = { id: "a", name: "RUN make", status: "running" };
    log.addLines([{ ...line, seq: 2, source: "build", text: "RUN make", step }]);
    expect(words()).toBe("Now: RUN make");
  });

  it("is the instances that are not healthy, by what is asked of them", () => {
    const d = aDeployment({ state: "deploying", release: 3 });
    const health = (path: string, port = 8080, name = "web") =>
      partWords(
        { name: "health", ...running },
        d,
        around({
          instances: [instance({ state: "healthy", process: name }), instance({ index: 2, process: name })],
          scale: { web: 2, worker: 2 },
          release: aRelease({ version: 3, processes: [{ name, command: [], port, health_path: path }] }),
        }),
      );
    expect(health("/healthz")).toBe("Waiting for 1 of 2 instances of web to pass GET /healthz");
    expect(health("")).toBe("Waiting for 1 of 2 instances of web to accept connections on port 8080");
    expect(health("", 0, "worker")).toBe("Waiting for 1 of 2 instances of worker to keep running");
  });

  it("is nothing of the instances of other releases", () => {
    const d = aDeployment({ state: "deploying", release: 3 });
    const old = [1, 2].map((index) => instance({ release: 2, index, state: "healthy" }));
    const words = partWords(
      { name: "health", ...running },
      d,
      around({ instances: old, release: aRelease({}) }),
    );
    expect(words).toContain("Waiting for 2 of 2 instances");
  });

  it("is the end of the work when it was cancelled", () => {
    expect(queued({ cancel_requested: true })).toBe("Cancelling: its work is being stopped");
  });

  it("is the requests of those before", () => {
    const draining = { instances: 2, versions: [2], endedAt: undefined, none: false };
    expect(partWords({ name: "drain", ...running }, aDeployment({}), around({ draining }))).toBe(
      "Ending the last requests of 2 instances of v2",
    );
  });

  it("is the end of the time for which the release before is kept warm", () => {
    const warm = { version: 2, until: "2026-01-02T03:14:05Z" };
    const draining = { instances: 0, versions: [], endedAt: undefined, none: false, warm };
    const waiting = { status: "waiting", from: undefined, to: undefined } as const;
    expect(partWords({ name: "drain", ...waiting }, aDeployment({}), around({ draining }))).toMatch(
      /^v2 is kept warm until \d\d:14:05$/,
    );
  });
});

describe("words", () => {
  it("count in order", () => {
    expect([1, 2, 3, 4, 11, 21, 112].map(ordinal)).toEqual([
      "1st",
      "2nd",
      "3rd",
      "4th",
      "11th",
      "21st",
      "112th",
    ]);
  });
  it("give sizes as registries do", () => {
    expect([500, 8_400_000, 999_950, 1_234_000_000].map(bytes)).toEqual([
      "0.5 kB",
      "8.4 MB",
      "1 MB",
      "1.2 GB",
    ]);
    expect([0, 1_200_000, -300_000].map(byteChange)).toEqual(["±0", "+1.2 MB", "−300 kB"]);
  });
  it("say what a deployment is of", () => {
    expect(deploymentWords(aDeployment({ commit_message: "Fix it\n\nat length" }))).toBe("Fix it");
    expect(deploymentWords(aDeployment({ trigger: "image", image: "nginx:1.29" }))).toBe("nginx:1.29");
    expect(
      deploymentWords(aDeployment({ trigger: "rollback", release: 3, commit_message: "old words" })),
    ).toBe("Back to v3");
    expect(deploymentWords(aDeployment({ trigger: "upload" }))).toBe("Folder upload");
  });
});
