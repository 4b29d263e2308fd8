import { Trash2 } from "lucide-react";
import type { Token } from "@/api/types";
import { IconButton } from "@/components/ui/button";
import { Row } from "@/components/ui/layout";
import { Badge } from "@/components/ui/status";
import { Ago } from "@/components/ui/time";
import { t, tn } from "@/i18n";
import { exactly, useNow } from "@/lib/time";
import { tokenState } from "./tokenstate";

/** A token: what it may do, whether it is used, and until when. */
export function TokenRow({ token, onRevoke }: { token: Token; onRevoke: () => void }) {
  const { expired, daysLeft, daysIdle } = tokenState(token, useNow(60_000));
  return (
    <Row className="flex items-start justify-between gap-3">
      <div className="min-w-0">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="min-w-0 font-medium [overflow-wrap:anywhere]">{token.name}</span>
          <span className="font-mono text-text-3 text-xs">{token.hint}…</span>
          {expired && <Badge tone="bad">{t("tokens.expired")}</Badge>}
          {daysLeft !== undefined && (
            <Badge tone="warn">
              {daysLeft === 0 ? t("tokens.last_day") : tn("tokens.days_left", daysLeft)}
            </Badge>
          )}
          {daysIdle !== undefined && <Badge>{tn("tokens.idle", daysIdle)}</Badge>}
        </div>
        <ul className="mt-1 space-y-0.5 text-sm text-text-2">
          {token.scopes.map((scope) => (
            <li key={scope} className="flex gap-2">
              <span className="w-14 shrink-0 font-mono">{scope}</span>
              <span className="min-w-0 text-text-3">{t(`scope.${scope as "read"}`)}</span>
            </li>
          ))}
        </ul>
        <div className="mt-1 flex flex-wrap gap-x-2.5 text-sm text-text-3">
          <span>
            {t("tokens.created")} <Ago when={token.created_at} />
          </span>
          <span>
            {token.last_used_at ? (
              <>
                {t("tokens.used")} <Ago when={token.last_used_at} />
              </>
            ) : (
              t("tokens.never_used")
            )}
          </span>
          <span>
            {token.expires_at
              ? t("tokens.expires", { when: exactly(token.expires_at) })
              : t("tokens.no_expiry")}
          </span>
        </div>
      </div>
      <IconButton label={t("tokens.revoke_name", { name: token.name })} onClick={onRevoke}>
        <Trash2 size={15} aria-hidden />
      </IconButton>
    </Row>
  );
}
