import { Undo2 } from "lucide-react";
import type { App, Deployment, Release } from "@/api/types";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/layout";
import { Badge } from "@/components/ui/status";
import { Ago } from "@/components/ui/time";
import { askedBy } from "@/deployments/words";
import { t, tn } from "@/i18n";
import { Say } from "@/i18n/Say";
import { ReleaseFacts } from "./ReleaseFacts";
import { WarmNote } from "./WarmNote";

interface LiveReleaseProps {
  app: string;
  release: Release;
  /** The row of the app, once it is known. */
  row: App | undefined;
  /** The deployment that brought it live. */
  since: Deployment | undefined;
  /** The release that was live before, where one may go back to it. */
  back: number | undefined;
  onBack: (version: number) => void;
}

/** What has the traffic now. */
export function LiveRelease({ app, row, release: r, since, back, onBack }: LiveReleaseProps) {
  return (
    <Card className="mb-5 p-4 sm:p-5">
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 flex-1 basis-72">
          <h2 className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
            <span className="font-mono font-semibold text-xl">v{r.version}</span>
            <Badge tone="ok">{t("releases.live")}</Badge>
            {since?.finished_at && (
              <span className="text-sm text-text-2">
                <Say
                  k="releases.since"
                  values={{ ago: <Ago when={since.finished_at} />, who: askedBy(since) }}
                />
              </span>
            )}
          </h2>
          <p className="mt-1 line-clamp-3 break-words">{r.description}</p>
          <div className="mt-1.5">
            <ReleaseFacts app={app} release={r} />
          </div>
          <p className="mt-1.5 text-sm text-text-2">
            {r.processes.map((p) => p.name).join(", ")} · {tn("releases.config_names", r.config_names.length)}
          </p>
          {row && <WarmNote app={row} />}
        </div>
        {back !== undefined && (
          <Button onClick={() => onBack(back)}>
            <Undo2 size={15} aria-hidden />
            {t(row?.warm_release?.version === back ? "warm.back" : "releases.back_to_previous", { v: back })}
          </Button>
        )}
      </div>
    </Card>
  );
}
