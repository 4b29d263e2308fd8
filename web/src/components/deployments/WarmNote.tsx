import { Flame } from "lucide-react";
import type { App } from "@/api/types";
import { timeOfDay } from "@/deployments/words";
import { t } from "@/i18n";
import { useNow } from "@/lib/time";

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
