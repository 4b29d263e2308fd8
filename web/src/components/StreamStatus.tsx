import type { SocketStatus } from "@/api/socket";
import { num, t } from "@/i18n";
import { useNow } from "@/lib/time";
import { Badge, BusyDot } from "./ui/status";

interface StreamStatusProps {
  status: SocketStatus;
  /** When it connects again, as Date.now() counts. */
  retryAt?: number;
  /** Lines come, but the reader stays where they are. */
  paused?: boolean;
  onRetry: () => void;
}

/** Says whether the lines are live, in words that are read aloud when they change. */
export function StreamStatus({ status, retryAt, paused, onRetry }: StreamStatusProps) {
  return (
    <span role="status" className="inline-flex items-center gap-2">
      {status === "open" && paused && <Badge>{t("logs.paused")}</Badge>}
      {status === "open" && !paused && (
        <Badge tone="ok" icon={<BusyDot />}>
          {t("logs.live")}
        </Badge>
      )}
      {status === "connecting" && <Badge tone="busy">{t("logs.connecting")}</Badge>}
      {status === "lost" && (
        <>
          <Badge tone="warn" icon={<BusyDot />}>
            {t("logs.reconnecting")}
            {retryAt !== undefined && <Countdown until={retryAt} />}
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

/** Not read aloud: it would be said anew each second. */
function Countdown({ until }: { until: number }) {
  const now = useNow(250);
  const seconds = Math.ceil((until - now) / 1000);
  if (seconds < 1) return null;
  return (
    <span aria-hidden className="tabular-nums">
      {t("time.s", { n: num(seconds) })}
    </span>
  );
}
