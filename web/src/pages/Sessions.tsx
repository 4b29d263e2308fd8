import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Laptop, Smartphone, SquareTerminal } from "lucide-react";
import { useState } from "react";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import { keys, queries } from "@/api/queries";
import type { Session } from "@/api/types";
import { Page } from "@/app/Page";
import { AccountTabs } from "@/components/AccountTabs";
import { placeWords } from "@/components/account/place";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Card, PageHead, Row, Rows } from "@/components/ui/layout";
import { Badge } from "@/components/ui/status";
import { Ago } from "@/components/ui/time";
import { currentLanguage, t, tn } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { exactly } from "@/lib/time";
import { useTitle } from "@/lib/title";
import { browserWords } from "@/lib/useragent";

/** The browsers that are signed in as oneself. */
export default function Sessions() {
  useTitle(t("nav.sessions"));
  const { data, error, isPending, refetch } = useQuery(queries.sessions());
  const [asking, setAsking] = useState(false);
  const own = (data?.items ?? []).filter((s) => s.current);
  const others = (data?.items ?? []).filter((s) => !s.current);
  const commands = [cli("sessions")];
  if (others[0]) commands.push(cli("sessions revoke", undefined, others[0].id));
  return (
    <Page width="narrow">
      <PageHead
        title={t("nav.sessions")}
        actions={
          others.length > 1 && <Button onClick={() => setAsking(true)}>{t("sessions.revoke_others")}</Button>
        }
      >
        {t("sessions.lead")}
      </PageHead>
      <AccountTabs />
      {isPending && <SkeletonRows rows={2} />}
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mb-4" />}
      {data && (
        <Card className="overflow-hidden">
          <Rows label={t("nav.sessions")}>
            {[...own, ...others].map((session) => (
              <SessionRow key={session.id} session={session} />
            ))}
          </Rows>
        </Card>
      )}
      {data && others.length === 0 && <p className="mt-3 text-sm text-text-3">{t("sessions.only")}</p>}
      <CommandHint className="mt-5" command={commands.join("\n")} />
      <RevokeOthers open={asking} others={others} onClose={() => setAsking(false)} />
    </Page>
  );
}

/** Ends a session; one that has ended already is as it should be. */
async function end(id: string): Promise<void> {
  try {
    await api.revokeSession(id);
  } catch (error) {
    if (asProblem(error).status !== 404) throw error;
  }
}

export function RevokeOthers({
  open,
  others,
  onClose,
}: {
  open: boolean;
  others: readonly Session[];
  onClose: () => void;
}) {
  const client = useQueryClient();
  const revoke = useAction(async (sessions: readonly Session[]) => {
    try {
      for (const session of sessions) await end(session.id);
    } finally {
      void client.invalidateQueries({ queryKey: keys.sessions });
    }
    return true;
  });
  const close = () => {
    onClose();
    revoke.reset();
  };
  return (
    <Dialog
      open={open}
      onOpenChange={close}
      title={t("sessions.revoke_others")}
      description={t("sessions.revoke_others_body", { sessions: tn("sessions.count", others.length) })}
    >
      <ErrorNote error={revoke.problem} className="mb-3" />
      <CommandHint command={others.map((s) => cli("sessions revoke", undefined, s.id)).join("\n")} />
      <DialogActions>
        <Button onClick={close}>{t("common.cancel")}</Button>
        <Button
          look="danger"
          busy={revoke.busy}
          onClick={async () => {
            if (await revoke.run(others)) close();
          }}
        >
          {t("sessions.revoke_all")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

const day = (when: string) => new Date(when).toLocaleDateString(currentLanguage(), { dateStyle: "medium" });

function SessionRow({ session: s }: { session: Session }) {
  const client = useQueryClient();
  const [gone, setGone] = useState(false);
  const revoke = useAction(async () => {
    await end(s.id);
    setGone(true);
    void client.invalidateQueries({ queryKey: keys.sessions });
  });
  const browser = browserWords(s.user_agent);
  const phone = /\b(?:Android|iPhone|Mobile)\b/.test(s.user_agent);
  const Icon = phone ? Smartphone : /^Mozilla\//.test(s.user_agent) ? Laptop : SquareTerminal;
  return (
    <Row>
      <div className="flex items-start gap-3">
        <Icon size={18} className="mt-0.5 shrink-0 text-text-3" aria-hidden />
        <div className="min-w-0 flex-1">
          <div className="flex flex-wrap items-center gap-2">
            <span className="font-medium [overflow-wrap:anywhere]" title={s.user_agent}>
              {browser}
            </span>
            {s.current && <Badge tone="ok">{t("sessions.current")}</Badge>}
          </div>
          <div className="mt-0.5 flex flex-wrap gap-x-2.5 text-sm text-text-3">
            <span title={s.ip}>{placeWords(s.ip)}</span>
            <span>
              {t("sessions.used")} <Ago when={s.last_used_at} />
            </span>
            <span>
              {t("sessions.since")} <Ago when={s.created_at} />
            </span>
            <span title={exactly(s.expires_at)}>{t("sessions.expires", { when: day(s.expires_at) })}</span>
          </div>
        </div>
        {!s.current && (
          <Button
            size="sm"
            busy={revoke.busy}
            disabled={gone}
            aria-label={t("sessions.revoke_name", { browser, place: placeWords(s.ip) })}
            onClick={() => void revoke.run()}
          >
            {t("sessions.revoke")}
          </Button>
        )}
      </div>
      <ErrorNote error={revoke.problem} className="mt-2" />
    </Row>
  );
}
