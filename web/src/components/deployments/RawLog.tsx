import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Deployment } from "@/api/types";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { type LogAddress, useOwnAddress } from "@/logs/address";
import { LogView } from "@/logs/LogView";
import { type LineRange, readSearch } from "@/logs/query";

/** A deployment's log as it was written, in the pane that all logs are read in. */
export default function RawLog({ deployment: d }: { deployment: Deployment }) {
  const path = `/api/v1/apps/${encodeURIComponent(d.app)}/deployments/${d.number}/logs`;
  const source = useMemo(() => ({ path }), [path]);
  const address = useLineAddress();
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

/** What the log is narrowed to is this page's own for a while; a line that is linked to stands in the address. */
function useLineAddress(): LogAddress {
  const own = useOwnAddress();
  const { line } = useSearch({ from: "/shell/apps/$app/deployments/$number" });
  const navigate = useNavigate({ from: "/apps/$app/deployments/$number" });
  const range = useMemo(() => readSearch({ line }).line, [line]);
  const words = (of: LineRange) => (of.from === of.to ? of.from : `${of.from}-${of.to}`);
  return {
    ...own,
    line: range,
    setLine: (next) =>
      void navigate({
        search: { view: "raw", line: next && words(next) },
        replace: true,
        resetScroll: false,
      }),
    link: (of) => `${location.origin}${location.pathname}?view=raw&line=${words(of)}`,
  };
}
