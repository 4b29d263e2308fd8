import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Boxes } from "lucide-react";
import { useEffect, useState } from "react";
import { asProblem, type Problem } from "@/api/problem";
import { queries } from "@/api/queries";
import { type App, can, type Deployment, type NewToken, terminal } from "@/api/types";
import { DeployButton } from "@/components/DeployButton";
import { FirstDeployment } from "@/components/FirstDeployment";
import { buttonClass } from "@/components/ui/button";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/feedback";
import { PageHead } from "@/components/ui/layout";
import { t, tWord } from "@/i18n";
import { useTitle } from "@/lib/title";
import { BreakIt } from "./BreakIt";
import { DeploymentNow } from "./DeploymentNow";
import { LiveCard } from "./LiveCard";
import { NextSteps } from "./NextSteps";
import { StartCard } from "./StartCard";
import type { Way } from "./search";
import { useQrCode } from "./useQrCode";
import { Webhook } from "./Webhook";

interface WatchProps {
  name: string;
  way: Way;
  example?: string;
  problem?: Problem;
  /** Whoever looks has just made it here. */
  arrived?: boolean;
}

/** A new app from its first source to the address that answers; all of it arrives by itself. */
export function Watch({ name, way, example, problem, arrived }: WatchProps) {
  const { data: app, error, refetch } = useQuery(queries.app(name));
  const { data: latest, error: noList, refetch: again } = useQuery(queries.latestDeployments(name));
  useQrCode(); // so that it is here when it is wanted
  useFocusedHeading(Boolean(arrived && app && latest));
  if (error && asProblem(error).status === 404) return <Missing name={name} />;
  if (!app || !latest) {
    const failed = error ?? noList;
    const retry = () => void Promise.all([refetch(), again()]);
    return failed ? <ErrorNote error={failed} onRetry={retry} /> : <Shape />;
  }
  return <Known app={app} deployments={latest.items} way={way} example={example} problem={problem} />;
}

interface KnownProps extends Omit<WatchProps, "name" | "arrived"> {
  app: App;
  /** The latest ones, newest first. */
  deployments: Deployment[];
}

function Known({ app, deployments, way, example, problem }: KnownProps) {
  const [token, setToken] = useState<NewToken>();
  const { data: me } = useQuery(queries.session());
  const last = deployments[0];
  const good = deployments.find((d) => d.state === "succeeded");
  const live = app.live_release !== undefined || good !== undefined;
  const watched = good ?? last;
  const phase = live ? "live" : !last ? "waiting" : terminal(last.state) ? "failed" : "deploying";
  useTitle(...(watched ? [tWord("state", watched.state), `#${watched.number}`, app.name] : [app.name]));

  const mine = way === "push";
  const send = <FirstDeployment app={app} token={token} onToken={setToken} />;
  const hook = app.source && last && can(me, "write") && <Webhook app={app} />;
  const version = app.live_release?.version ?? good?.release ?? 0;
  return (
    <>
      <PageHead
        title={titleOf(phase, app.name, mine)}
        actions={
          phase === "failed" && way === "image" && can(me, "deploy") && <DeployButton app={app.name} />
        }
      >
        {bodyOf(phase, mine)}
      </PageHead>
      <p role="status" className="sr-only">
        {phase === "waiting" ? "" : titleOf(phase, app.name, mine)}
      </p>
      <div className="space-y-5">
        {phase === "waiting" &&
          (mine ? (
            <div className="max-w-3xl">{send}</div>
          ) : (
            <StartCard app={app} way={way} example={example} problem={problem} />
          ))}
        {live && <LiveCard app={app} />}
        {live && can(me, "deploy") && (
          <BreakIt
            app={app.name}
            version={version}
            trial={last && good && last.number > good.number ? last : undefined}
            oneClick={way === "example"}
          />
        )}
        {live && hook}
        {live && <NextSteps app={app} invites={can(me, "admin")} />}
        {phase === "failed" && !mine && <StartCard app={app} way={way} example={example} again />}
        {watched && <DeploymentNow key={watched.id} deployment={watched} app={app} />}
        {phase === "failed" && mine && <div className="max-w-3xl">{send}</div>}
        {!live && hook}
      </div>
    </>
  );
}

type Phase = "waiting" | "deploying" | "failed" | "live";

function titleOf(phase: Phase, app: string, mine: boolean): string {
  if (phase === "waiting") return mine ? t("new.made", { app }) : t("watch.start_title", { app });
  return t(`watch.${phase}`, { app });
}

function bodyOf(phase: Phase, mine: boolean): string {
  if (phase === "waiting") return mine ? t("new.made_body") : t("watch.start_body");
  return t(`watch.${phase}_body`);
}

/** What was pressed is gone with the form; keyboard and screen reader go on at the heading. */
function useFocusedHeading(there: boolean): void {
  useEffect(() => {
    if (!there || (document.activeElement && document.activeElement !== document.body)) return;
    const heading = document.querySelector<HTMLElement>("main h1");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus({ preventScroll: true });
  }, [there]);
}

function Shape() {
  return (
    <div role="status" aria-label={t("common.loading")}>
      <Skeleton className="mb-2 h-7 w-72 max-w-full" />
      <Skeleton className="mb-6 h-5 w-96 max-w-full" />
      <Skeleton className="h-64" />
    </div>
  );
}

function Missing({ name }: { name: string }) {
  return (
    <>
      <h1 className="sr-only">{t("new.title")}</h1>
      <Empty
        icon={<Boxes size={28} aria-hidden />}
        title={t("watch.missing", { app: name })}
        action={
          <Link to="/new" search={{}} className={buttonClass("primary")}>
            {t("new.title")}
          </Link>
        }
      >
        {t("watch.missing_body")}
      </Empty>
    </>
  );
}
