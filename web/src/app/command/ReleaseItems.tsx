import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { History } from "lucide-react";
import { queries } from "@/api/queries";
import { ErrorNote } from "@/components/ui/feedback";
import { Ago } from "@/components/ui/time";
import { t } from "@/i18n";
import { Item } from "./Palette";

/** The releases one can go back to; the page of releases says what would change, and asks. */
export function ReleaseItems({ app: name, done }: { app: string; done: () => void }) {
  const { data: app } = useQuery(queries.app(name));
  const { data, error, refetch } = useInfiniteQuery(queries.releases(name));
  const navigate = useNavigate();
  const live = app?.live_release?.version;
  const releases = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <ErrorNote error={error} onRetry={() => void refetch()} className="m-1.5" />
      {releases
        .filter((release) => release.version !== live)
        .map((release) => (
          <Item
            key={release.version}
            id={`v${release.version}`}
            words={[release.description]}
            icon={<History size={15} aria-hidden />}
            end={
              <span className="shrink-0 text-sm text-text-3">
                <Ago when={release.created_at} />
              </span>
            }
            onSelect={() => {
              done();
              void navigate({
                to: "/apps/$app/releases",
                params: { app: name },
                search: { rollback: release.version },
              });
            }}
          >
            <span className="mr-2 font-mono">v{release.version}</span>
            {release.description}
          </Item>
        ))}
      {live !== undefined && (
        <p className="px-2.5 py-2 text-sm text-text-3">{t("palette.live_now", { v: live })}</p>
      )}
    </>
  );
}
