import { useQuery } from "@tanstack/react-query";
import { LockKeyhole, UserRoundPlus } from "lucide-react";
import { useState } from "react";
import { queries } from "@/api/queries";
import { can } from "@/api/types";
import { Page } from "@/app/Page";
import { AccountTabs } from "@/components/AccountTabs";
import { InviteDialog } from "@/components/people/InviteDialog";
import { OpenInvitations } from "@/components/people/OpenInvitations";
import { PersonRow } from "@/components/people/PersonRow";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Empty, ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Card, PageHead, Rows, Section } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useTitle } from "@/lib/title";

/** Who may come in: everybody, the invitations that are open, and what roles may do. */
export default function People() {
  useTitle(t("people.title"));
  const { data: me } = useQuery(queries.session());
  const [inviting, setInviting] = useState(false);
  const owner = can(me, "admin");
  return (
    <Page width="narrow">
      <PageHead
        title={t("people.title")}
        actions={
          owner && (
            <Button look="primary" onClick={() => setInviting(true)}>
              <UserRoundPlus size={15} aria-hidden />
              {t("people.invite")}
            </Button>
          )
        }
      >
        {t("people.lead")}
      </PageHead>
      <AccountTabs />
      {me && !owner && (
        <Empty icon={<LockKeyhole size={28} aria-hidden />} title={t("people.owners_only")}>
          {t("people.owners_only_body")}
        </Empty>
      )}
      {me && owner && (
        <div className="space-y-5">
          <Everybody own={me.user.id} />
          <OpenInvitations />
        </div>
      )}
      {!me && <SkeletonRows />}
      <Section title={t("people.may")} className="mt-5">
        <dl className="space-y-3">
          {(["owner", "member"] as const).map((role) => (
            <div key={role} className="gap-x-5 sm:grid sm:grid-cols-[5rem_1fr]">
              <dt className="font-medium">{t(`role.${role}`)}</dt>
              <dd className="text-text-2">{t(`people.may.${role}`)}</dd>
            </div>
          ))}
        </dl>
      </Section>
      <CommandHint className="mt-5" command={cli("users")} />
      <InviteDialog open={inviting} onClose={() => setInviting(false)} />
    </Page>
  );
}

function Everybody({ own }: { own: string }) {
  const { data, error, isPending, refetch } = useQuery(queries.users());
  return (
    <div>
      {isPending && <SkeletonRows />}
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mb-4" />}
      {data && (
        <Card className="overflow-hidden">
          <Rows label={t("people.title")}>
            {data.items.map((user) => (
              <PersonRow key={user.id} user={user} self={user.id === own} />
            ))}
          </Rows>
        </Card>
      )}
    </div>
  );
}
