import type { App } from "@/api/types";

/** An app as the API gives it, with what a test wants otherwise. */
export function anApp(part: Partial<App>): App {
  return {
    id: "a",
    name: "hello",
    url: "http://hello.localhost:8080",
    urls: ["http://hello.localhost:8080"],
    git_url: "http://localhost:8000/hello.git",
    status: "live",
    branch: "main",
    cluster: "",
    builder: "",
    dockerfile: "",
    health_path: "",
    port: 0,
    memory_mb: 0,
    cpu_milli: 0,
    placement: {},
    reserve_memory_mb: 0,
    reserve_cpu_milli: 0,
    supersede_building: false,
    warm_minutes: 10,
    watch_minutes: 5,
    stop_first: false,
    scale: { web: 2 },
    instances: { running: 2, wanted: 2 },
    webhook_url: "http://localhost:8000/webhooks/github/hello",
    created_at: "2026-01-02T03:04:05Z",
    updated_at: "2026-01-02T03:04:05Z",
    revision: 1,
    ...part,
  };
}
