import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useLocation, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Package } from "lucide-react";
import { useEffect } from "react";
import { queries } from "@/api/queries";
import { can } from "@/api/types";
import { Page } from "@/app/Page";
import { LiveRelease } from "@/components/deployments/LiveRelease";
import { ReleaseItem } from "@/components/deployments/ReleaseItem";
import { RollbackDialog } from "@/components/deployments/RollbackDialog";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Empty, ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Card, PageHead } from "@/components/ui/layout";
import { liveSince, neverLive, previousLive } from "@/deployments/compare";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useTitle } from "@/lib/title";

/** The releases of an app: what is live, what was before, and the way back. */
export default function Releases() {
  const { app: name } = useParams({ from: "/shell/apps/$app/releases" });
  const { rollback } = useSearch({ from: "/shell/apps/$app/releases" });
  const navigate = useNavigate({ from: "/apps/$app/releases" });
  useTitle(t("tab.releases"), name);
  const query = useInfiniteQuery(queries.releases(name));
  const { data: me } = useQuery(queries.session());
  const { data: app } = useQuery(queries.app(name));
  const { data: deployments } = useInfiniteQuery(queries.deployments(name));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  // The app's row changes with the deployment; a release's own mark may be older.
  const live = app?.live_release?.version ?? items.find((release) => release.live)?.version ?? 0;
  const current = items.find((release) => release.version === live);
  const history = deployments?.pages.flatMap((page) => page.items) ?? [];
  const back = app?.warm_release?.version ?? previousLive(history, live);
  const may = can(me, "deploy") && live > 0;
  const ask = (version: number | undefined) =>
    void navigate({
      search: { rollback: version },
      hash: (before) => before ?? "",
      replace: true,
      resetScroll: false,
    });
  useAnchor(items.length > 0);
  return (
    <Page>
      <PageHead title={t("tab.releases")}>{t("releases.lead")}</PageHead>
      {query.error && <ErrorNote error={query.error} onRetry={() => void query.refetch()} className="mb-3" />}
      {query.isPending && <SkeletonRows rows={7} />}
      {query.data && items.length === 0 && (
        <Empty icon={<Package size={28} aria-hidden />} title={t("releases.empty")}>
          {t("releases.empty_body")}
        </Empty>
      )}
      {current && (
        <LiveRelease
          app={name}
          row={app}
          release={current}
          since={liveSince(history, live)}
          back={may && back > 0 ? back : undefined}
          onBack={ask}
        />
      )}
      {items.length > 0 && (
        <Card className="overflow-hidden">
          <ol aria-label={t("tab.releases")}>
            {items.map((release, i) => (
              <ReleaseItem
                key={release.version}
                app={name}
                release={release}
                before={items[i + 1]}
                live={live}
                never={neverLive(history, release.version)}
                warmUntil={
                  app?.warm_release?.version === release.version ? app.warm_release.until : undefined
                }
                last={i === items.length - 1}
                onRollback={may && release.version !== live ? () => ask(release.version) : undefined}
              />
            ))}
          </ol>
        </Card>
      )}
      {query.hasNextPage && (
        <div className="mt-4 text-center">
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t("common.more")}
          </Button>
        </div>
      )}
      <CommandHint className="mt-5" command={cli("releases", name)} />
      <RollbackDialog
        app={name}
        live={live}
        warm={app?.warm_release?.version}
        target={may ? rollback : undefined}
        onClose={() => ask(undefined)}
      />
    </Page>
  );
}

/** Brings the release that the address points at (#v3) into sight, once it is there. */
function useAnchor(ready: boolean): void {
  const hash = useLocation({ select: (location) => location.hash });
  useEffect(() => {
    if (ready && /^v\d+$/.test(hash)) document.getElementById(hash)?.scrollIntoView?.({ block: "center" });
  }, [ready, hash]);
}
