import { Rocket, SearchX } from "lucide-react";
import type { ReactNode } from "react";
import { DeploymentRow } from "@/components/DeploymentRow";
import { Button } from "@/components/ui/button";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/feedback";
import { Card, Rows } from "@/components/ui/layout";
import { type DeploymentFilter, isFiltering } from "@/deployments/filter";
import { useDeploymentList } from "@/deployments/useDeploymentList";
import { num, t } from "@/i18n";
import { DeploymentFilters } from "./DeploymentFilters";

interface DeploymentListProps {
  /** The app whose deployments these are; those of all when there is none. */
  app?: string;
  filter: DeploymentFilter;
  onFilter: (filter: DeploymentFilter) => void;
  label: string;
  /** What stands there when there is no deployment at all, in place of a sentence. */
  empty?: ReactNode;
}

/** Deployments, those that run on top, narrowed by what the address says. */
export function DeploymentList({ app, filter, onFilter, label, empty }: DeploymentListProps) {
  const list = useDeploymentList(filter, app);
  const withApp = app === undefined;
  const found = list.running.length + list.over.length;
  const narrowed = isFiltering(filter);
  const none = !list.pending && !list.any && !list.error;
  return (
    <>
      {!(none && !narrowed) && (
        <DeploymentFilters filter={filter} people={list.people} onChange={onFilter} withApps={withApp} />
      )}
      {list.error ? <ErrorNote error={list.error} onRetry={list.retry} className="mb-3" /> : null}
      {list.pending && found === 0 && !list.error && <RowShapes />}
      {none &&
        !narrowed &&
        (empty ?? (
          <Empty icon={<Rocket size={28} aria-hidden />} title={t("deployments.empty")}>
            {t("deployments.empty_body")}
          </Empty>
        ))}
      {list.running.length > 0 && (
        <section className="mb-5" aria-label={t("deployments.running")}>
          <h2 className="mb-2 flex items-baseline gap-2 font-semibold">
            {t("deployments.running")}
            <span className="font-normal text-sm text-text-3">{num(list.running.length)}</span>
          </h2>
          <Card className="overflow-hidden">
            <Rows label={t("deployments.running")}>
              {list.running.map((d) => (
                <DeploymentRow key={d.id} deployment={d} withApp={withApp} />
              ))}
            </Rows>
          </Card>
        </section>
      )}
      {list.over.length > 0 && (
        <Card className="overflow-hidden">
          <Rows label={label}>
            {list.over.map((d) => (
              <DeploymentRow key={d.id} deployment={d} withApp={withApp} />
            ))}
          </Rows>
        </Card>
      )}
      {narrowed && found === 0 && !list.pending && !list.error && (
        <Empty
          icon={<SearchX size={28} aria-hidden />}
          title={t("deployments.none_match")}
          action={<Button onClick={() => onFilter({})}>{t("filter.clear")}</Button>}
        />
      )}
      {list.more && found > 0 && (
        <div className="mt-4 flex justify-center">
          <Button busy={list.busy} onClick={list.showMore}>
            {t("common.more")}
          </Button>
        </div>
      )}
    </>
  );
}

function RowShapes() {
  return (
    <div role="status" aria-label={t("common.loading")}>
      <Card className="divide-y overflow-hidden">
        {Array.from({ length: 8 }, (_, i) => (
          <div key={i} className="flex h-[4.5rem] items-center gap-4 px-4 sm:px-5">
            <Skeleton className="h-5 w-20" />
            <Skeleton className="h-5 flex-1" />
            <Skeleton className="h-5 w-28" />
          </div>
        ))}
      </Card>
    </div>
  );
}
