import { useQueryClient } from "@tanstack/react-query";
import { Activity } from "lucide-react";
import { useState } from "react";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import { keys } from "@/api/queries";
import type { Cluster } from "@/api/types";
import { Button } from "@/components/ui/button";
import { problemText } from "@/components/ui/feedback";
import { t } from "@/i18n";
import { cx } from "@/lib/cx";
import { useAction } from "@/lib/form";
import { duration } from "@/lib/time";
import { clusterQueries } from "./queries";

interface Finding {
  good: boolean;
  words: string;
}

export interface Testing {
  run: () => Promise<void>;
  busy: boolean;
  found: Finding | undefined;
}

/** Asks a cluster now, whatever is shown of it. */
export function useTest(name: string): Testing {
  const client = useQueryClient();
  const [found, setFound] = useState<Finding>();
  const ask = useAction(async () => {
    const began = performance.now();
    try {
      const cluster = await api.cluster(name);
      client.setQueryData(clusterQueries.one(name).queryKey, cluster);
      void client.invalidateQueries({ queryKey: keys.clusters, exact: true });
      setFound(judge(cluster, performance.now() - began));
    } catch (error) {
      setFound({ good: false, words: problemText(asProblem(error)) });
    }
  });
  return { run: async () => void (await ask.run()), busy: ask.busy, found };
}

function judge(cluster: Cluster, took: number): Finding {
  if (cluster.state === "away")
    return { good: false, words: t("clusters.test_bad", { why: cluster.reason }) };
  const { nodes_ready: nodes, instances } = cluster;
  return { good: true, words: t("clusters.test_good", { nodes, instances, time: duration(took) }) };
}

export function TestButton({ testing, name }: { testing: Testing; name: string }) {
  return (
    <Button
      size="sm"
      busy={testing.busy}
      aria-label={t("clusters.test_cluster", { cluster: name })}
      onClick={() => void testing.run()}
    >
      {!testing.busy && <Activity size={15} aria-hidden />}
      {t("clusters.test")}
    </Button>
  );
}

/** What asking has found. */
export function TestFinding({ testing, className }: { testing: Testing; className?: string }) {
  return (
    <div role="status" className={className}>
      {testing.found && (
        <p
          className={cx(
            "break-words rounded-md px-3 py-2 text-sm",
            testing.found.good ? "bg-ok-soft text-ok" : "bg-bad-soft text-bad",
          )}
        >
          {testing.found.words}
        </p>
      )}
    </div>
  );
}
