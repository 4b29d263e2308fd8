import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { GitCommitHorizontal, Package, Undo2 } from "lucide-react";
import { useState } from "react";
import { api } from "@/api/client";
import { queries } from "@/api/queries";
import { can, type Release } from "@/api/types";
import { Page } from "@/app/Page";
import { Pages } from "@/components/Pages";
import { ReleaseChanges } from "@/components/ReleaseChanges";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Empty, ErrorNote } from "@/components/ui/feedback";
import { PageHead, Row } from "@/components/ui/layout";
import { Badge } from "@/components/ui/status";
import { Ago } from "@/components/ui/time";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { useTitle } from "@/lib/title";
import { shortCommit, shortDigest } from "@/lib/url";

/** The releases of an app, and the way back to an earlier one. */
export default function Releases() {
  const { app } = useParams({ from: "/shell/apps/$app/releases" });
  useTitle(t("tab.releases"), app);
  const query = useInfiniteQuery(queries.releases(app));
  const { data: me } = useQuery(queries.session());
  const [target, setTarget] = useState<Release>();
  const [compared, setCompared] = useState<Release>();
  const live = query.data?.pages.flatMap((page) => page.items).find((release) => release.live);
  return (
    <Page>
      <PageHead title={t("tab.releases")}>{t("releases.lead")}</PageHead>
      <Pages
        query={query}
        label={t("tab.releases")}
        empty={
          <Empty icon={<Package size={28} aria-hidden />} title={t("releases.empty")}>
            {t("releases.empty_body")}
          </Empty>
        }
        row={(release) => (
          <ReleaseRow
            key={release.version}
            app={app}
            release={release}
            onRollback={can(me, "deploy") && live && !release.live ? () => setTarget(release) : undefined}
            onCompare={live && !release.live ? () => setCompared(release) : undefined}
          />
        )}
      />
      <CommandHint className="mt-5" command={cli("releases", app)} />
      <RollbackDialog app={app} live={live} target={target} onClose={() => setTarget(undefined)} />
      <Dialog
        wide
        open={compared !== undefined}
        onOpenChange={() => setCompared(undefined)}
        title={t("releases.compare_title", { a: live?.version ?? 0, b: compared?.version ?? 0 })}
      >
        {live && compared && <ReleaseChanges from={live} to={compared} />}
      </Dialog>
    </Page>
  );
}

interface ReleaseRowProps {
  app: string;
  release: Release;
  onRollback: (() => void) | undefined;
  onCompare: (() => void) | undefined;
}

function ReleaseRow({ app, release: r, onRollback, onCompare }: ReleaseRowProps) {
  return (
    <Row className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
      <div className="min-w-0 flex-1 basis-64">
        <div className="flex items-center gap-2">
          <span className="font-mono font-semibold">v{r.version}</span>
          {r.live && <Badge tone="ok">{t("releases.live")}</Badge>}
          <span className="truncate">{r.description}</span>
        </div>
        <div className="flex flex-wrap items-center gap-x-2.5 text-sm text-text-3">
          <span>
            <Ago when={r.created_at} /> · {r.created_by}
          </span>
          {r.commit && (
            <span className="inline-flex items-center gap-1 font-mono text-xs" title={r.commit}>
              <GitCommitHorizontal size={13} aria-hidden />
              {shortCommit(r.commit)}
            </span>
          )}
          {r.digest && (
            <span className="font-mono text-xs" title={r.digest}>
              {shortDigest(r.digest)}
            </span>
          )}
          {r.deployment_number > 0 && (
            <Link
              to="/apps/$app/deployments/$number"
              params={{ app, number: String(r.deployment_number) }}
              className="link"
            >
              {t("releases.deployment", { n: r.deployment_number })}
            </Link>
          )}
        </div>
      </div>
      <div className="flex gap-2">
        {onCompare && (
          <Button
            size="sm"
            look="quiet"
            onClick={onCompare}
            aria-label={t("releases.compare_with", { v: r.version })}
          >
            {t("releases.compare")}
          </Button>
        )}
        {onRollback && (
          <Button size="sm" onClick={onRollback} aria-label={t("releases.rollback_to", { v: r.version })}>
            <Undo2 size={14} aria-hidden />
            {t("releases.rollback")}
          </Button>
        )}
      </div>
    </Row>
  );
}

interface RollbackDialogProps {
  app: string;
  live: Release | undefined;
  target: Release | undefined;
  onClose: () => void;
}

function RollbackDialog({ app, live, target, onClose }: RollbackDialogProps) {
  const navigate = useNavigate();
  const rollback = useAction((version: number) => api.rollback(app, version));
  const go = async () => {
    if (!target) return;
    const made = await rollback.run(target.version);
    if (!made) return;
    onClose();
    await navigate({ to: "/apps/$app/deployments/$number", params: { app, number: String(made.number) } });
  };
  return (
    <Dialog
      wide
      open={target !== undefined}
      onOpenChange={() => {
        onClose();
        rollback.reset();
      }}
      title={t("releases.rollback_title", { app, v: target?.version ?? 0 })}
      description={t("releases.rollback_body")}
    >
      {live && target && <ReleaseChanges from={live} to={target} />}
      <ErrorNote error={rollback.problem} className="mt-3" />
      <CommandHint className="mt-4" command={cli("rollback", app, `v${target?.version ?? 0}`)} />
      <DialogActions>
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button look="primary" busy={rollback.busy} onClick={() => void go()}>
          {t("releases.rollback_submit", { v: target?.version ?? 0 })}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
