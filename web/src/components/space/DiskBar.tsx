import { CircleAlert, CircleCheck, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { SpaceDisk } from "@/api/types";
import { Card } from "@/components/ui/layout";
import { Badge, type Tone } from "@/components/ui/status";
import { bytes } from "@/deployments/words";
import { num, t } from "@/i18n";
import { cx } from "@/lib/cx";

const states: Record<SpaceDisk["state"], [tone: Tone, icon: ReactNode, bar: string]> = {
  ok: ["ok", <CircleCheck key="i" size={13} aria-hidden />, "bg-accent"],
  high: ["warn", <TriangleAlert key="i" size={13} aria-hidden />, "bg-warn-mark"],
  full: ["bad", <CircleAlert key="i" size={13} aria-hidden />, "bg-bad-mark"],
};

/** How full a disk is, against the mark above which more is collected. */
export function DiskBar({ disk, watermark }: { disk: SpaceDisk; watermark: number }) {
  const [tone, icon, bar] = states[disk.state];
  const percent = (n: number) => `${num(Math.round(n))}%`;
  const holds = disk.holds.length > 1 ? "both" : (disk.holds[0] ?? "data");
  return (
    <Card className="p-4 sm:p-5">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
        <h2 className="font-semibold">{t(`space.disk.${holds}`)}</h2>
        <Badge tone={tone} icon={icon}>
          {t(`space.state.${disk.state}`)}
        </Badge>
      </div>
      <div className="relative mt-3 h-2.5 rounded-full bg-surface-3" aria-hidden>
        <div
          className={cx("h-full rounded-full", bar)}
          style={{ width: `${Math.min(100, Math.max(1, disk.used_percent))}%` }}
        />
        <div className="-top-1 -bottom-1 absolute w-0.5 bg-text" style={{ left: `${watermark}%` }} />
      </div>
      <p className="mt-2.5 flex flex-wrap gap-x-3 text-sm text-text-2 tabular-nums">
        <span>{t("space.used", { percent: percent(disk.used_percent) })}</span>
        <span>{t("space.free", { free: bytes(disk.free_bytes), total: bytes(disk.total_bytes) })}</span>
        <span className="text-text-3">{t("space.watermark", { percent: percent(watermark) })}</span>
      </p>
      <p className="mt-0.5 break-all font-mono text-text-3 text-xs">{disk.path}</p>
    </Card>
  );
}
