import type { Cluster, ClusterNode, NodeRun } from "@/api/types";

const none = { cpu_milli: 0, memory_bytes: 0 };

/** A node with what runs on it, counted. */
export function aNode(name: string, runs: NodeRun[] = [], more: Partial<ClusterNode> = {}): ClusterNode {
  const count = (state: "starting" | "healthy" | "unhealthy" | "exited") =>
    runs.reduce((sum, run) => sum + (run[state]?.length ?? 0), 0);
  const states = {
    starting: count("starting"),
    healthy: count("healthy"),
    unhealthy: count("unhealthy"),
    exited: count("exited"),
  };
  return {
    id: `id-${name}`,
    name,
    address: "10.0.0.1",
    manager: false,
    state: "ready",
    reason: "",
    labels: {},
    cpu_milli: 8000,
    memory_bytes: 32 * 1024 ** 3,
    version: "28.5.2",
    instances: states.starting + states.healthy + states.unhealthy + states.exited,
    states,
    limits: none,
    reserved: none,
    runs,
    ...more,
  };
}

/** A cluster of such nodes. */
export function aCluster(name: string, nodes: ClusterNode[], more: Partial<Cluster> = {}): Cluster {
  const sum = (of: (node: ClusterNode) => number) => nodes.reduce((all, node) => all + of(node), 0);
  return {
    name,
    kind: "swarm",
    endpoint: "tcp://10.0.0.1:2376",
    own: false,
    state: "ready",
    reason: "",
    seen_at: "2026-03-01T10:00:00Z",
    apps: 1,
    options: {},
    instances: sum((node) => node.instances),
    states: {
      starting: sum((node) => node.states.starting),
      healthy: sum((node) => node.states.healthy),
      unhealthy: sum((node) => node.states.unhealthy),
      exited: sum((node) => node.states.exited),
    },
    limits: none,
    reserved: none,
    size: { cpu_milli: sum((node) => node.cpu_milli), memory_bytes: sum((node) => node.memory_bytes) },
    node_count: nodes.length,
    nodes_ready: nodes.filter((node) => node.state === "ready").length,
    nodes,
    unplaced: [],
    created_at: "2026-03-01T10:00:00Z",
    ...more,
  };
}
