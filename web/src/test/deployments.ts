import type { Deployment, Release } from "@/api/types";

/** A deployment as the API gives it, with what a test wants otherwise. */
export function aDeployment(part: Partial<Deployment>): Deployment {
  const number = part.number ?? 1;
  return {
    id: `d${part.app ?? "hello"}${number}`,
    app: "hello",
    number,
    trigger: "push",
    state: "queued",
    reason: "",
    commit: "",
    commit_message: "",
    source_ref: "",
    image: "",
    release: 0,
    created_by: "ada@example.com",
    cancel_requested: false,
    queue_position: 0,
    created_at: "2026-01-02T03:04:00Z",
    ...part,
  } as Deployment;
}

/** A release as the API gives it, with what a test wants otherwise. */
export function aRelease(part: Partial<Release>): Release {
  return {
    version: 1,
    image: "slipway/hello:1",
    digest: "sha256:1111111111111111",
    commit: "aaaaaaaaaaaaaaaa",
    description: "push: first words",
    config_names: ["GREETING"],
    processes: [{ name: "web", command: [], port: 8080, health_path: "" }],
    created_by: "ada@example.com",
    created_at: "2026-01-02T03:04:05Z",
    live: false,
    deployment_number: 1,
    ...part,
  } as Release;
}
