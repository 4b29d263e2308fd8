import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { queries } from "@/api/queries";
import { can, type NewToken, type Token } from "@/api/types";
import { Page } from "@/app/Page";
import { AccountTabs } from "@/components/AccountTabs";
import { MadeToken } from "@/components/account/MadeToken";
import { RevokeToken } from "@/components/account/RevokeToken";
import { TokenRow } from "@/components/account/TokenRow";
import { TokenForm } from "@/components/TokenForm";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog } from "@/components/ui/dialog";
import { Empty, ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Card, PageHead, Rows } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useTitle } from "@/lib/title";

/** The API tokens of whoever is signed in. The address says whether the form for another is open. */
export default function Tokens() {
  useTitle(t("nav.tokens"));
  const { data, error, isPending, refetch } = useQuery(queries.tokens());
  const { data: me } = useQuery(queries.session());
  const search = useSearch({ from: "/shell/account/tokens" });
  const navigate = useNavigate({ from: "/account/tokens" });
  const making = search.new === 1;
  const setMaking = (open: boolean) =>
    void navigate({ search: { new: open ? 1 : undefined }, replace: !open, resetScroll: false });
  const [made, setMade] = useState<NewToken>();
  const [revoking, setRevoking] = useState<Token>();
  return (
    <Page width="narrow">
      <PageHead
        title={t("nav.tokens")}
        actions={
          <Button look="primary" onClick={() => setMaking(true)}>
            {t("tokens.new")}
          </Button>
        }
      >
        {t("tokens.lead")}
      </PageHead>
      <AccountTabs />
      {made && <MadeToken token={made} onKept={() => setMade(undefined)} />}
      {isPending && <SkeletonRows />}
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mb-4" />}
      {data?.items.length === 0 && (
        <Empty icon={<KeyRound size={28} aria-hidden />} title={t("tokens.empty")}>
          {t("tokens.empty_body")}
        </Empty>
      )}
      {data && data.items.length > 0 && (
        <Card className="overflow-hidden">
          <Rows label={t("nav.tokens")}>
            {data.items.map((token) => (
              <TokenRow key={token.id} token={token} onRevoke={() => setRevoking(token)} />
            ))}
          </Rows>
        </Card>
      )}
      <CommandHint className="mt-5" command={cli("tokens")} />
      <Dialog open={making} onOpenChange={setMaking} title={t("tokens.new")}>
        <TokenForm
          owner={can(me, "admin")}
          onCancel={() => setMaking(false)}
          onMade={(token) => {
            setMade(token);
            setMaking(false);
          }}
        />
      </Dialog>
      <RevokeToken token={revoking} onClose={() => setRevoking(undefined)} />
    </Page>
  );
}
