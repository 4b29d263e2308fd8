import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { queries } from "@/api/queries";
import type { App, Line } from "@/api/types";
import { Skeleton } from "@/components/ui/feedback";
import { t, tn } from "@/i18n";
import { clock, exactly, useNow } from "@/lib/time";
import { LogText } from "@/logs/LogText";
import { type Trouble, troubleOf, troubleQueries } from "./trouble";

/** What is wrong with the app, with the last that was said about it; nothing when all is well. */
export function TroubleCard({ app }: { app: App }) {
  const { data: instances } = useQuery(queries.instances(app.name));
  const now = useNow(30_000);
  const trouble = troubleOf(app, instances?.items ?? [], now);
  if (!trouble) return null;
  return trouble.kind === "deployment" ? (
    <FailedDeployment app={app} trouble={trouble} />
  ) : (
    <FailingInstances app={app} trouble={trouble} />
  );
}

function FailedDeployment({ app, trouble }: { app: App; trouble: Extract<Trouble, { kind: "deployment" }> }) {
  const d = trouble.deployment;
  const { data: lines, isPending } = useQuery(troubleQueries.deployment(app.name, d.number));
  return (
    <TroubleFrame
      title={t("trouble.deployment", { n: d.number })}
      body={d.reason}
      more={app.live_release && t("trouble.still_live", { v: app.live_release.version })}
      lines={lines}
      waiting={isPending}
      none={t("trouble.no_output")}
      link={
        <Link
          to="/apps/$app/deployments/$number"
          params={{ app: app.name, number: String(d.number) }}
          className="link"
        >
          {t("trouble.open_deployment")}
        </Link>
      }
    />
  );
}

function FailingInstances({ app, trouble }: { app: App; trouble: Exclude<Trouble, { kind: "deployment" }> }) {
  const { data: lines, isPending } = useQuery(troubleQueries.errors(app.name));
  return (
    <TroubleFrame
      title={trouble.kind === "down" ? t("trouble.down") : t("trouble.restarting")}
      body={trouble.restarts > 0 ? tn("trouble.restarts", trouble.restarts) : undefined}
      lines={lines}
      waiting={isPending}
      none={t("trouble.no_errors")}
      link={
        <Link to="/apps/$app/logs" params={{ app: app.name }} className="link">
          {t("trouble.open_logs")}
        </Link>
      }
    />
  );
}

interface TroubleFrameProps {
  title: string;
  body?: string;
  more?: string;
  lines: Line[] | undefined;
  waiting: boolean;
  none: string;
  link: ReactNode;
}

function TroubleFrame({ title, body, more, lines, waiting, none, link }: TroubleFrameProps) {
  return (
    <section className="overflow-hidden rounded-lg border border-bad-mark/40 bg-bad-soft" aria-label={title}>
      <div className="flex gap-3 px-4 py-3 sm:px-5">
        <TriangleAlert size={19} className="mt-0.5 shrink-0 text-bad" aria-hidden />
        <div className="min-w-0 flex-1">
          <div className="flex flex-wrap items-baseline justify-between gap-x-4">
            <h2 className="font-semibold text-bad">{title}</h2>
            <span className="text-sm">{link}</span>
          </div>
          {body && <p className="line-clamp-3 break-words text-bad">{body}</p>}
          {more && <p className="text-sm text-text-2">{more}</p>}
        </div>
      </div>
      <div className="min-h-12 border-bad-mark/25 border-t bg-log-bg px-4 py-2 font-mono text-xs leading-5 sm:px-5">
        {waiting && <Skeleton className="my-1 h-10" />}
        {lines?.length === 0 && <p className="py-1 font-sans text-sm text-text-3">{none}</p>}
        {lines?.map((line) => (
          <div key={line.seq} className="flex gap-3">
            <time
              className="hidden shrink-0 select-none text-text-3 sm:inline"
              dateTime={line.time}
              title={exactly(line.time)}
            >
              {clock(line.time)}
            </time>
            <span className="min-w-0 whitespace-pre-wrap [overflow-wrap:anywhere]">
              <LogText text={line.text} />
            </span>
          </div>
        ))}
      </div>
    </section>
  );
}
