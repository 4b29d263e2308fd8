import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Ban, ExternalLink, GitCommitHorizontal, RotateCcw, ScrollText } from "lucide-react";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import { queries } from "@/api/queries";
import { can, type Deployment, terminal } from "@/api/types";
import { Page } from "@/app/Page";
import { BuildOutput } from "@/components/BuildOutput";
import { deploymentWords } from "@/components/DeploymentRow";
import { Timeline } from "@/components/Timeline";
import { Button, buttonClass } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Empty, ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Card } from "@/components/ui/layout";
import { DeploymentBadge } from "@/components/ui/status";
import { Ago } from "@/components/ui/time";
import { t, tWord } from "@/i18n";
import { cli, curl } from "@/lib/command";
import { useAction } from "@/lib/form";
import { useTitle } from "@/lib/title";
import { shortCommit } from "@/lib/url";

/** One deployment: how far it is, what the build says, why it failed. */
export default function DeploymentPage() {
  const { app, number: text } = useParams({ from: "/shell/apps/$app/deployments/$number" });
  const number = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0;
  const { data: d, error, refetch } = useQuery({ ...queries.deployment(app, number), enabled: number > 0 });
  useTitle(d ? tWord("state", d.state) : undefined, `#${text}`, app);

  if (number === 0 || (error && asProblem(error).status === 404)) {
    return (
      <Page width="narrow">
        <Empty
          title={t("deployment.missing", { n: text, app })}
          action={
            <Link to="/apps/$app/deployments" params={{ app }} className={buttonClass("primary")}>
              {t("overview.all_deployments")}
            </Link>
          }
        />
      </Page>
    );
  }
  if (!d) {
    return (
      <Page>
        {error ? <ErrorNote error={error} onRetry={() => void refetch()} /> : <SkeletonRows rows={5} />}
      </Page>
    );
  }
  return (
    <Page>
      <Head d={d} />
      {d.reason && d.state !== "succeeded" && (
        <div
          role="alert"
          className="mb-5 rounded-lg border border-bad-mark/40 bg-bad-soft px-4 py-3 text-bad"
        >
          <p className="font-semibold">{tWord("reason_title", d.state)}</p>
          <p className="mt-0.5 whitespace-pre-wrap break-words font-mono text-sm">{d.reason}</p>
        </div>
      )}
      <Card className="mb-5">
        <Timeline deployment={d} />
      </Card>
      <BuildOutput key={d.id} deployment={d} />
    </Page>
  );
}

function Head({ d }: { d: Deployment }) {
  return (
    <div className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0 max-w-3xl">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <h1 className="text-page-title">{t("deployment.title", { n: d.number })}</h1>
          <DeploymentBadge state={d.state} />
        </div>
        <p className="mt-1 break-words">{deploymentWords(d)}</p>
        <p className="mt-0.5 flex flex-wrap items-center gap-x-2 text-sm text-text-3">
          <span>
            {t("deployment.by", { trigger: tWord("trigger", d.trigger), who: d.created_by })}{" "}
            <Ago when={d.created_at} />
          </span>
          {d.commit && (
            <span className="inline-flex items-center gap-1 font-mono text-xs" title={d.commit}>
              <GitCommitHorizontal size={13} aria-hidden />
              {shortCommit(d.commit)}
            </span>
          )}
          {d.build?.builder && (
            <span>{t("deployment.builder", { builder: tWord("builder", d.build.builder) })}</span>
          )}
          {d.release > 0 && (
            <Link to="/apps/$app/releases" params={{ app: d.app }} className="link">
              {t("deployment.release", { v: d.release })}
            </Link>
          )}
        </p>
      </div>
      <Actions d={d} />
    </div>
  );
}

function Actions({ d }: { d: Deployment }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const { data: me } = useQuery(queries.session());
  const { data: app } = useQuery(queries.app(d.app));
  const cancel = useAction(async () => {
    const now = await api.cancelDeployment(d.app, d.number);
    // What the answer leaves out, such as the build, stays until it is asked for again.
    client.setQueryData(queries.deployment(d.app, d.number).queryKey, { ...d, ...now });
  });
  const retry = useAction(() => api.retryDeployment(d.app, d.number));
  const again = async () => {
    const made = await retry.run();
    if (!made) return;
    await navigate({
      to: "/apps/$app/deployments/$number",
      params: { app: d.app, number: String(made.number) },
    });
  };
  const over = terminal(d.state);
  const may = can(me, "deploy");
  return (
    <div className="flex flex-col gap-2 sm:items-end">
      <div className="flex flex-wrap gap-2">
        {over && d.state === "succeeded" && app && (
          <a href={app.url} target="_blank" rel="noreferrer" className={buttonClass("primary")}>
            <ExternalLink size={15} aria-hidden />
            {t("deployment.open")}
            <span className="sr-only">{t("common.new_tab")}</span>
          </a>
        )}
        <Link to="/apps/$app/logs" params={{ app: d.app }} className={buttonClass("plain")}>
          <ScrollText size={15} aria-hidden />
          {t("deployment.app_logs")}
        </Link>
        {!over && may && (
          <Button
            className="text-bad!"
            busy={cancel.busy}
            disabled={d.cancel_requested}
            onClick={() => void cancel.run()}
          >
            <Ban size={15} aria-hidden />
            {d.cancel_requested ? t("deployment.cancelling") : t("deployment.cancel")}
          </Button>
        )}
        {over && may && (
          <Button busy={retry.busy} onClick={() => void again()}>
            <RotateCcw size={15} aria-hidden />
            {t("deployment.retry")}
          </Button>
        )}
      </div>
      <ErrorNote error={cancel.problem ?? retry.problem} />
      <CommandHint
        command={
          over
            ? curl("POST", `/apps/${d.app}/deployments/${d.number}/retry`)
            : cli("cancel", d.app, String(d.number))
        }
      />
    </div>
  );
}
