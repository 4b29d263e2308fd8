import type { ClusterNode } from "@/api/types";
import { t, tn } from "@/i18n";
import { Cells } from "./Cells";
import { LoadBar, sharesOf } from "./LoadBar";
import { StateCounts } from "./Marks";
import { hiddenOn, placesOf } from "./model";

interface NodeBodyProps {
  node: ClusterNode;
  apps?: ReadonlySet<string>;
  /** More cells than this are counted instead. */
  most: number;
  /** More labels than this are counted instead. */
  labels: number;
}

/** All that is to be seen of a node but its name. */
export function NodeBody({ node, apps, most, labels }: NodeBodyProps) {
  const [cpu, memory] = sharesOf(node, node);
  const pairs = Object.entries(node.labels);
  const hidden = hiddenOn(node);
  return (
    <>
      {node.reason && (
        <p className="mb-2 break-words text-sm text-warn" lang="en">
          {node.reason}
        </p>
      )}
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-0.5 text-sm">
        {node.address && (
          <>
            <dt className="text-text-3">{t("nodes.address")}</dt>
            <dd className="truncate font-mono text-xs leading-5">{node.address}</dd>
          </>
        )}
        <dt className="text-text-3">{t("nodes.version")}</dt>
        <dd className="truncate">{node.version || "–"}</dd>
        <dt className="text-text-3">{t("nodes.labels")}</dt>
        <dd className="flex min-w-0 flex-wrap gap-1">
          {pairs.length === 0 && <span className="text-text-3">{t("nodes.no_labels")}</span>}
          {pairs.slice(0, labels).map(([key, value]) => (
            <code
              key={key}
              className="max-w-full truncate rounded-sm bg-surface-2 px-1.5 text-xs leading-5"
              title={`${key}=${value}`}
            >
              {key}={value}
            </code>
          ))}
          {pairs.length > labels && (
            <span className="text-text-3 text-xs leading-5">
              {t("nodes.more", { n: pairs.length - labels })}
            </span>
          )}
        </dd>
      </dl>
      <div className="mt-3 space-y-2.5">
        <LoadBar share={cpu} line />
        <LoadBar share={memory} line />
      </div>
      <div className="mt-3 border-t pt-3">
        {node.instances === 0 ? (
          <p className="text-sm text-text-3">{t("nodes.nothing_runs")}</p>
        ) : (
          <>
            <StateCounts counts={node.states} className="mb-2 text-sm" />
            <Cells
              groups={placesOf(node.runs)}
              label={t("nodes.instances_on", { node: node.name })}
              apps={apps}
              most={most}
            />
            {hidden > 0 && <p className="mt-1 text-sm text-text-3">{tn("nodes.hidden", hidden)}</p>}
          </>
        )}
      </div>
    </>
  );
}
