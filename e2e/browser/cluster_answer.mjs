// Answers of the API about a simulated cluster, in the shape that get-cluster
// has, for looking at more machines than a test has. The same each time.

const processes = ["web", "worker", "cron"];
const words = ["shop", "crunch", "docs", "mail", "search", "pay", "feed", "maps", "chat", "lab"];
const GiB = 1024 ** 3;

/** A source of numbers from 0 to 1 that gives the same ones every time. */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

const empty = () => ({ starting: 0, healthy: 0, unhealthy: 0, exited: 0 });
const nothing = () => ({ cpu_milli: 0, memory_bytes: 0 });

function stateOf(chance, trouble) {
  if (chance < trouble / 2) return "exited";
  if (chance < trouble) return "unhealthy";
  return chance < trouble + 0.015 ? "starting" : "healthy";
}

function machine(i, all) {
  const name = `node-${String(i + 1).padStart(String(all).length, "0")}`;
  const large = i % 5 === 0;
  return {
    id: `id-${name}`,
    name,
    address: `10.0.${Math.floor(i / 250)}.${1 + (i % 250)}`,
    manager: i < Math.min(3, all),
    state: "ready",
    reason: "",
    labels: { disk: large ? "ssd" : "hdd", zone: ["a", "b", "c"][i % 3] },
    cpu_milli: large ? 16000 : 8000,
    memory_bytes: (large ? 64 : 32) * GiB,
    version: "28.5.2",
    instances: 0,
    states: empty(),
    limits: nothing(),
    reserved: nothing(),
    used: nothing(),
    runs: [],
  };
}

function count(load, state, limits, used) {
  load.instances++;
  load.states[state]++;
  load.limits.cpu_milli += limits.cpu_milli;
  load.limits.memory_bytes += limits.memory_bytes;
  load.used.cpu_milli += used.cpu_milli;
  load.used.memory_bytes += used.memory_bytes;
}

/** A cluster of so many nodes with so many instances, spread as an engine spreads them. */
export function clusterAnswer({ name = "production", kind = "swarm", nodes = 300, instances = 10_000 } = {}) {
  const next = numbers(nodes * 31 + instances);
  const machines = Array.from({ length: nodes }, (_, i) => machine(i, nodes));
  if (nodes >= 10) {
    Object.assign(machines[4], { state: "drained" });
    Object.assign(machines[7], { state: "down", reason: "heartbeat failure" });
    if (nodes > 100) Object.assign(machines[121], { state: "starting" });
  }
  const usable = machines.filter((one) => one.state === "ready");
  const total = { instances: 0, states: empty(), limits: nothing(), reserved: nothing(), used: nothing() };
  let at = 0;
  for (let app = 0; total.instances < instances; app++) {
    const appName = app < words.length ? words[app] : `${words[app % words.length]}-${Math.floor(app / 10)}`;
    const size = Math.min(instances - total.instances, 1 + Math.floor(next() * 9));
    const process = next() < 0.8 ? "web" : processes[1 + Math.floor(next() * 2)];
    const release = 1 + Math.floor(next() * 40);
    const limits = { cpu_milli: 500, memory_bytes: (next() < 0.5 ? 256 : 512) * 1024 ** 2 };
    const trouble = next() < 0.04 ? 0.5 : 0.002;
    for (let index = 1; index <= size; index++) {
      const node = usable[at++ % usable.length];
      const state = stateOf(next(), trouble);
      const used = {
        cpu_milli: Math.round(next() * 220),
        memory_bytes: Math.round(limits.memory_bytes * (0.3 + next() * 0.6)),
      };
      let run = node.runs.find((one) => one.app === appName && one.process === process);
      if (!run) {
        run = { app: appName, process, release };
        node.runs.push(run);
      }
      run[state] = [...(run[state] ?? []), index];
      count(node, state, limits, used);
      count(total, state, limits, used);
    }
  }
  for (const node of machines) {
    node.runs.sort((a, b) => (a.app < b.app ? -1 : 1));
    if (node.instances === 0) delete node.used;
  }
  const alive = machines.filter((one) => one.state !== "down");
  const sum = (key) => alive.reduce((all, one) => all + one[key], 0);
  return {
    name,
    kind,
    endpoint: kind === "swarm" ? "tcp://10.0.0.1:2376" : "",
    own: false,
    state: "ready",
    reason: "",
    seen_at: new Date().toISOString(),
    apps: Math.ceil(instances / 5),
    options: { quota: {} },
    ...total,
    size: { cpu_milli: sum("cpu_milli"), memory_bytes: sum("memory_bytes") },
    node_count: nodes,
    nodes_ready: machines.filter((one) => one.state === "ready").length,
    nodes: machines,
    unplaced: [],
    created_at: "2026-03-01T10:00:00Z",
  };
}
