import type { SocketStatus } from "@/api/socket";
import { t } from "@/i18n";
import { Badge, BusyDot } from "./ui/status";

/** Says whether the lines are live, in words that are read aloud when they change. */
export function StreamStatus({ status, onRetry }: { status: SocketStatus; onRetry: () => void }) {
  return (
    <span role="status" className="inline-flex items-center gap-2">
      {status === "open" && (
        <Badge tone="ok" icon={<BusyDot />}>
          {t("logs.live")}
        </Badge>
      )}
      {status === "connecting" && <Badge tone="busy">{t("logs.connecting")}</Badge>}
      {status === "lost" && (
        <>
          <Badge tone="warn" icon={<BusyDot />}>
            {t("logs.reconnecting")}
          </Badge>
          <button type="button" className="link rounded-sm" onClick={onRetry}>
            {t("live.retry")}
          </button>
        </>
      )}
      {status === "closed" && <Badge>{t("logs.ended")}</Badge>}
    </span>
  );
}
