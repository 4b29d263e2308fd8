import { Link } from "@tanstack/react-router";
import { GitCommitHorizontal, Package } from "lucide-react";
import type { Release } from "@/api/types";
import { Ago } from "@/components/ui/time";
import { sizeOf } from "@/deployments/compare";
import { bytes } from "@/deployments/words";
import { t } from "@/i18n";
import { shortCommit, shortDigest } from "@/lib/url";

/** Who made a release, when, of which commit and image, and by which deployment. */
export function ReleaseFacts({ app, release: r }: { app: string; release: Release }) {
  const size = sizeOf(r);
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-0.5 text-sm text-text-3">
      <span className="min-w-0">
        <Ago when={r.created_at} /> · <span className="[overflow-wrap:anywhere]">{r.created_by}</span>
      </span>
      {r.commit && (
        <span className="inline-flex items-center gap-1 font-mono text-xs" title={r.commit}>
          <GitCommitHorizontal size={13} aria-hidden />
          {shortCommit(r.commit)}
        </span>
      )}
      {r.digest && (
        <span className="inline-flex items-center gap-1 font-mono text-xs" title={r.digest}>
          <Package size={12} aria-hidden />
          {shortDigest(r.digest)}
        </span>
      )}
      {size !== undefined && <span className="tabular-nums">{bytes(size)}</span>}
      {r.deployment_number > 0 && (
        <Link
          to="/apps/$app/deployments/$number"
          params={{ app, number: String(r.deployment_number) }}
          className="link rounded-sm"
        >
          {t("releases.deployment", { n: r.deployment_number })}
        </Link>
      )}
    </div>
  );
}
