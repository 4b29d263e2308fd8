import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import type { Session } from "@/api/types";
import { Page } from "@/app/Page";
import { AccountTabs } from "@/components/AccountTabs";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Card, PageHead, Row, Rows } from "@/components/ui/layout";
import { Badge } from "@/components/ui/status";
import { Ago } from "@/components/ui/time";
import { t } from "@/i18n";
import { curl } from "@/lib/command";
import { useAction } from "@/lib/form";
import { exactly } from "@/lib/time";
import { useTitle } from "@/lib/title";
import { browserWords } from "@/lib/useragent";

/** The browsers that are signed in as oneself. */
export default function Sessions() {
  useTitle(t("nav.sessions"));
  const { data, error, isPending, refetch } = useQuery(queries.sessions());
  return (
    <Page width="narrow">
      <PageHead title={t("nav.sessions")}>{t("sessions.lead")}</PageHead>
      <AccountTabs />
      {isPending && <SkeletonRows rows={2} />}
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mb-4" />}
      {data && (
        <Card className="overflow-hidden">
          <Rows label={t("nav.sessions")}>
            {data.items.map((session) => (
              <SessionRow key={session.id} session={session} />
            ))}
          </Rows>
        </Card>
      )}
      <CommandHint className="mt-5" command={curl("GET", "/sessions")} />
    </Page>
  );
}

function SessionRow({ session: s }: { session: Session }) {
  const client = useQueryClient();
  const [gone, setGone] = useState(false);
  const revoke = useAction(async () => {
    await api.revokeSession(s.id);
    setGone(true);
    void client.invalidateQueries({ queryKey: keys.sessions });
  });
  return (
    <Row>
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0">
          <div className="flex flex-wrap items-center gap-2">
            <span className="font-medium" title={s.user_agent}>
              {browserWords(s.user_agent)}
            </span>
            {s.current && <Badge tone="ok">{t("sessions.current")}</Badge>}
          </div>
          <div className="mt-0.5 flex flex-wrap gap-x-2.5 text-sm text-text-3">
            <span className="font-mono text-xs leading-5">{s.ip}</span>
            <span>
              {t("sessions.used")} <Ago when={s.last_used_at} />
            </span>
            <span>
              {t("sessions.since")} <Ago when={s.created_at} />
            </span>
            <span>{t("sessions.expires", { when: exactly(s.expires_at) })}</span>
          </div>
        </div>
        {!s.current && (
          <Button size="sm" busy={revoke.busy} disabled={gone} onClick={() => void revoke.run()}>
            {t("sessions.revoke")}
          </Button>
        )}
      </div>
      <ErrorNote error={revoke.problem} className="mt-2" />
    </Row>
  );
}
