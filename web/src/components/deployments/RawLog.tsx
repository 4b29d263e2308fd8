import { useMemo } from "react";
import type { Deployment } from "@/api/types";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useLogAddress } from "@/logs/address";
import { LogView } from "@/logs/LogView";

// What stands in the address besides.
const raw = { view: "raw" };

/** A deployment's log as it was written, in the pane that all logs are read in. */
export default function RawLog({ deployment: d }: { deployment: Deployment }) {
  const path = `/api/v1/apps/${encodeURIComponent(d.app)}/deployments/${d.number}/logs`;
  const source = useMemo(() => ({ path }), [path]);
  const address = useLogAddress(raw);
  return (
    <div className="flex h-[70dvh] min-h-96 flex-col overflow-hidden border-t">
      <LogView
        source={source}
        address={address}
        label={t("build.raw_of", { app: d.app, n: d.number })}
        file={`${d.app}-deployment-${d.number}`}
        command={cli("logs", d.app, "--deployment", String(d.number))}
        none={t("build.waiting")}
      />
    </div>
  );
}
