import { useMemo } from "react";
import type { SocketStatus } from "@/api/socket";
import { type Deployment, terminal } from "@/api/types";
import { useLogStream } from "@/logs/stream";
import { BuildLog } from "./buildlog";

export interface DeploymentLog {
  log: BuildLog;
  /** All that is kept is here. */
  caughtUp: boolean;
  ended: boolean;
  status: SocketStatus;
  /** Goes up when the log has changed: it is changed in place. */
  version: number;
  retryNow: () => void;
}

/** Follows a deployment's log to its end. */
export function useDeploymentLog(d: Deployment): DeploymentLog {
  const path = `/api/v1/apps/${encodeURIComponent(d.app)}/deployments/${d.number}/logs/stream`;
  const { sink, caughtUp, ended, status, version, retryNow } = useLogStream(path, () => new BuildLog());
  const over = terminal(d.state);
  // The stream's end says that no step runs any more, whatever became of its last word.
  useMemo(() => {
    if (ended && over) sink.end(d.state === "failed");
  }, [ended, over, sink, d.state]);
  return { log: sink, caughtUp, ended, status, version, retryNow };
}
