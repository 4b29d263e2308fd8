import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import type { Invitation } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { ErrorNote, SkeletonText } from "@/components/ui/feedback";
import { Row, Rows, Section } from "@/components/ui/layout";
import { Badge } from "@/components/ui/status";
import { t, tWord } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { exactly } from "@/lib/time";

/** The invitations that can still be used. */
export function OpenInvitations() {
  const { data, error, isPending, refetch } = useQuery(queries.invitations());
  return (
    <Section title={t("invitations.title")} hint={t("invitations.hint")} flush>
      {isPending && <SkeletonText className="px-4 py-3 sm:px-5" />}
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mx-4 my-3 sm:mx-5" />}
      {data?.items.length === 0 && <p className="px-4 py-3 text-text-2 sm:px-5">{t("invitations.empty")}</p>}
      {data && data.items.length > 0 && (
        <Rows label={t("invitations.title")}>
          {data.items.map((one) => (
            <InvitationRow key={one.id} invitation={one} />
          ))}
        </Rows>
      )}
      <div className="px-4 py-3 sm:px-5">
        <CommandHint command={cli("users invitations")} />
      </div>
    </Section>
  );
}

function InvitationRow({ invitation: i }: { invitation: Invitation }) {
  const client = useQueryClient();
  const revoke = useAction(async () => {
    await api.revokeInvitation(i.id);
    await client.invalidateQueries({ queryKey: keys.invitations });
  });
  return (
    <Row>
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0">
          <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <span className="break-all font-medium">{i.email || t("invitations.anybody")}</span>
            <Badge>{tWord("role", i.role)}</Badge>
          </div>
          <div className="mt-0.5 flex flex-wrap gap-x-2.5 text-sm text-text-3">
            <span className="break-all">{t("invitations.by", { who: i.invited_by })}</span>
            <span>{t("invitations.expires", { when: exactly(i.expires_at) })}</span>
          </div>
        </div>
        <Button
          size="sm"
          busy={revoke.busy}
          aria-label={
            i.email ? t("invitations.revoke_who", { who: i.email }) : t("invitations.revoke_anybody")
          }
          onClick={() => void revoke.run()}
        >
          {t("invitations.revoke")}
        </Button>
      </div>
      <ErrorNote error={revoke.problem} className="mt-2" />
    </Row>
  );
}
