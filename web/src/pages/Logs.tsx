import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useTitle } from "@/lib/title";
import { useLogAddress } from "@/logs/address";
import { LogView } from "@/logs/LogView";
import type { Query } from "@/logs/query";

const history = 1000;

/** What the app's instances say, live. */
export default function Logs() {
  const { app } = useParams({ from: "/shell/apps/$app/logs" });
  // Another app is another page: nothing of the one before stays.
  return <LogsOf key={app} app={app} />;
}

function LogsOf({ app }: { app: string }) {
  useTitle(t("tab.logs"), app);
  const address = useLogAddress();
  const source = useMemo(
    () => ({ path: `/api/v1/apps/${encodeURIComponent(app)}/logs`, tail: history }),
    [app],
  );
  return (
    <div data-fills className="flex min-h-80 flex-1 flex-col">
      <h1 className="sr-only">{t("logs.title", { app })}</h1>
      <LogView
        source={source}
        address={address}
        label={t("logs.title", { app })}
        file={`${app}-logs`}
        command={logsCommand(app, address.query)}
        none={t("logs.none")}
      />
    </div>
  );
}

function logsCommand(app: string, query: Query): string {
  const words = ["-f"];
  if (query.process) words.push("--process", query.process);
  if (query.instance) words.push("--instance", query.instance);
  return cli("logs", app, ...words);
}
