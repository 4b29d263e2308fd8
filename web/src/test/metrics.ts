import type { AppMetrics, Column, InstanceMetrics } from "@/metrics/model";

/** Figures as the API gives them: all columns empty but those that a test gives. */
export function someMetrics(times: number[], part: Partial<AppMetrics> = {}): AppMetrics {
  const none: Column = times.map(() => null);
  return {
    app: "hello",
    step_seconds: 10,
    times,
    requests_per_second: none,
    errors_per_second: none,
    router_errors_per_second: none,
    bytes_per_second: none,
    status: { "1xx": none, "2xx": none, "3xx": none, "4xx": none, "5xx": none },
    p50_ms: none,
    p95_ms: none,
    p99_ms: none,
    instances: [],
    total: { requests: 0, errors: 0, bytes: 0 },
    ...part,
  };
}

export function anInstance(
  process: string,
  release: number,
  index: number,
  cpu: Column,
  memory: Column,
): InstanceMetrics {
  return {
    name: `hello.${process}.v${release}.${index}`,
    process,
    release,
    index,
    cpu_limit_milli: 1000,
    memory_limit_bytes: 512 * 1024 * 1024,
    cpu_milli: cpu,
    memory_bytes: memory,
  };
}
