import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { queries } from "@/api/queries";
import type { App, Deployment, Instance } from "@/api/types";
import type { Draining } from "./timeline";

/** What is left of the releases before one that went live, by the instances that are there. */
export function drainingOf(
  d: Deployment,
  app: Pick<App, "live_release" | "warm_release"> | undefined,
  instances: readonly Instance[],
): Pick<Draining, "instances" | "versions" | "warm"> {
  if (d.state !== "succeeded" || d.release === 0 || app?.live_release?.version !== d.release) {
    return { instances: 0, versions: [] };
  }
  // What is kept warm runs on purpose, and has no requests left.
  const warm = app.warm_release;
  const old = instances.filter(
    (i) => i.release !== d.release && i.release !== warm?.version && i.state !== "exited",
  );
  return {
    instances: old.length,
    versions: [...new Set(old.map((i) => i.release))].sort((a, b) => a - b),
    ...(warm && { warm }),
  };
}

/** The same, live, with when the last of them was seen to go. */
export function useDraining(d: Deployment, instances: readonly Instance[]): Draining {
  const { data: app } = useQuery(queries.app(d.app));
  const now = drainingOf(d, app, instances);
  const [endedAt, setEndedAt] = useState<number>();
  const [watched, setWatched] = useState(false);
  const drains = now.instances > 0;
  useEffect(() => {
    if (drains) {
      setWatched(true);
      setEndedAt(undefined);
    } else if (watched) setEndedAt((before) => before ?? Date.now());
  }, [drains, watched]);
  return { ...now, endedAt, none: d.state === "succeeded" && d.release === 1 && d.from_release === 0 };
}
