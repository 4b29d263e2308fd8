import type { Cluster, ClusterNode } from "@/api/types";
import { t } from "@/i18n";
import { cx } from "@/lib/cx";
import { figure } from "@/metrics/format";

export type Loaded = Pick<ClusterNode, "instances" | "used" | "limits" | "reserved">;

/** One of the two things that machines have for instances. */
export interface Share {
  label: string;
  whole: number;
  used: number | undefined;
  allowed: number;
  reserved: number;
  words: (n: number) => string;
}

// What is large needs no digits after the point.
const cores = (milli: number) => figure(milli >= 100_000 ? Math.round(milli / 1000) : milli / 1000, "cores");
const GiB = 1024 ** 3;
const amount = (bytes: number) => figure(bytes >= 100 * GiB ? Math.round(bytes / GiB) * GiB : bytes, "bytes");

/** CPU and memory of a node, or of a cluster. */
export function sharesOf(load: Loaded, size: { cpu_milli: number; memory_bytes: number }): [Share, Share] {
  // Where nothing runs there is nothing to measure.
  const used = load.used ?? (load.instances === 0 ? { cpu_milli: 0, memory_bytes: 0 } : undefined);
  return [
    {
      label: t("clusters.cpu"),
      whole: size.cpu_milli,
      used: used?.cpu_milli,
      allowed: load.limits.cpu_milli,
      reserved: load.reserved.cpu_milli,
      words: cores,
    },
    {
      label: t("clusters.memory"),
      whole: size.memory_bytes,
      used: used?.memory_bytes,
      allowed: load.limits.memory_bytes,
      reserved: load.reserved.memory_bytes,
      words: amount,
    },
  ];
}

export const clusterShares = (cluster: Cluster): [Share, Share] => sharesOf(cluster, cluster.size);

const part = (n: number, whole: number) => (whole > 0 ? Math.min(1, n / whole) : 0);

/** What is said of a share, most telling first. */
export function shareWords(share: Share): string[] {
  const { whole, used, allowed, reserved, words } = share;
  if (whole === 0 && used === undefined && allowed === 0) return [t("load.unknown")];
  return [
    used === undefined ? t("load.unmeasured") : t("load.used", { n: words(used) }),
    ...(reserved > 0 ? [t("load.reserved", { n: words(reserved) })] : []),
    ...(allowed > 0 ? [t("load.allowed", { n: words(allowed) })] : []),
    ...(whole > 0 ? [t("load.whole", { n: words(whole) })] : []),
  ];
}

/** The bar alone: what is in use, before what may be used at most, of what there is. */
export function ShareBar({ share, className }: { share: Share; className?: string }) {
  const used = part(share.used ?? 0, share.whole);
  const allowed = part(share.allowed, share.whole);
  return (
    <span
      aria-hidden
      className={cx("relative block h-1.5 overflow-hidden rounded-full bg-surface-3", className)}
    >
      <span
        className="absolute inset-y-0 left-0 rounded-full bg-accent/30"
        style={{ width: `${allowed * 100}%` }}
      />
      <span
        className={cx(
          "absolute inset-y-0 left-0 rounded-full",
          used >= 0.9 ? "bg-bad-mark" : used >= 0.75 ? "bg-warn-mark" : "bg-accent",
        )}
        style={{ width: `${used > 0 ? Math.max(1.5, used * 100) : 0}%` }}
      />
    </span>
  );
}

interface LoadBarProps {
  share: Share;
  /** All on one line, where there is room for it. */
  line?: boolean;
}

/** How much is taken of what there is, in words and as a bar. */
export function LoadBar({ share, line }: LoadBarProps) {
  const [first, ...others] = shareWords(share);
  const rest = others.map((words) => (
    <span key={words} className="whitespace-nowrap">
      {words}
    </span>
  ));
  return (
    <div className="min-w-0">
      <div className="flex items-baseline justify-between gap-x-3 text-sm">
        <span className="text-text-3">{share.label}</span>
        {line && (
          <span className="ml-auto flex flex-wrap justify-end gap-x-2.5 text-text-3 text-xs tabular-nums">
            {rest}
          </span>
        )}
        <span className="whitespace-nowrap tabular-nums">{first}</span>
      </div>
      <ShareBar share={share} className="mt-1" />
      {!line && (
        <p className="mt-1 flex min-h-4 flex-wrap gap-x-2.5 text-text-3 text-xs tabular-nums">{rest}</p>
      )}
    </div>
  );
}
