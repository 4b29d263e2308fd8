import { Flame } from "lucide-react";
import type { App } from "@/api/types";
import { Badge } from "@/components/ui/status";
import { timeOfDay } from "@/deployments/words";
import { t } from "@/i18n";
import { useNow } from "@/lib/time";

/** Marks what runs without traffic, for a way back that takes no time. */
export function WarmBadge({ until }: { until: string }) {
  return (
    <span className="shrink-0" title={t("warm.badge_title", { at: timeOfDay(until) })}>
      <Badge tone="warn" icon={<Flame size={13} aria-hidden />}>
        {t("warm.badge")}
      </Badge>
    </span>
  );
}

/** Says how long going back to the release before takes only a moment. */
export function WarmNote({ app }: { app: App }) {
  const warm = app.warm_release;
  const now = useNow(1000, warm !== undefined);
  if (!warm || Date.parse(warm.until) <= now) return null;
  return (
    <p className="mt-1 flex items-start gap-1.5 text-sm text-text-2 tabular-nums">
      <Flame size={14} className="mt-0.75 shrink-0 text-warn" aria-hidden />
      <span>{t("warm.until", { v: warm.version, at: timeOfDay(warm.until) })}</span>
    </p>
  );
}
