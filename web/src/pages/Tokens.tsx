import { useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, Trash2 } from "lucide-react";
import { useState } from "react";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import type { NewToken, Token } from "@/api/types";
import { Page } from "@/app/Page";
import { AccountTabs } from "@/components/AccountTabs";
import { TokenForm } from "@/components/TokenForm";
import { Button, IconButton } from "@/components/ui/button";
import { CodeBlock, CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Empty, ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Card, PageHead, Row, Rows } from "@/components/ui/layout";
import { Badge } from "@/components/ui/status";
import { Ago } from "@/components/ui/time";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { exactly } from "@/lib/time";
import { useTitle } from "@/lib/title";

/** The API tokens of whoever is signed in. */
export default function Tokens() {
  useTitle(t("nav.tokens"));
  const { data, error, isPending, refetch } = useQuery(queries.tokens());
  const [making, setMaking] = useState(false);
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
      {made && (
        <Card className="mb-5 border-ok-mark/50! p-4 sm:p-5" role="status">
          <p className="font-semibold">{t("tokens.made", { name: made.name })}</p>
          <p className="mt-0.5 mb-3 text-text-2">{t("tokens.once")}</p>
          <CodeBlock text={made.token} label={t("tokens.copy")} />
          <div className="mt-3 flex justify-end">
            <Button onClick={() => setMade(undefined)}>{t("tokens.kept")}</Button>
          </div>
        </Card>
      )}
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
          onCancel={() => setMaking(false)}
          onMade={(token) => {
            setMade(token);
            setMaking(false);
          }}
        />
      </Dialog>
      <Revoke token={revoking} onClose={() => setRevoking(undefined)} />
    </Page>
  );
}

function TokenRow({ token, onRevoke }: { token: Token; onRevoke: () => void }) {
  const expired = token.expires_at !== undefined && Date.parse(token.expires_at) < Date.now();
  return (
    <Row className="flex items-start justify-between gap-3">
      <div className="min-w-0">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="font-medium">{token.name}</span>
          <span className="font-mono text-text-3 text-xs">{token.hint}…</span>
          {token.scopes.map((scope) => (
            <Badge key={scope}>{scope}</Badge>
          ))}
          {expired && <Badge tone="bad">{t("tokens.expired")}</Badge>}
        </div>
        <div className="mt-0.5 flex flex-wrap gap-x-2.5 text-sm text-text-3">
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

function Revoke({ token, onClose }: { token: Token | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const revoke = useAction(async (id: string) => {
    await api.revokeToken(id);
    return true;
  });
  const go = async () => {
    if (!token || !(await revoke.run(token.id))) return;
    void client.invalidateQueries({ queryKey: keys.tokens });
    onClose();
  };
  return (
    <Dialog
      open={token !== undefined}
      onOpenChange={() => {
        onClose();
        revoke.reset();
      }}
      title={t("tokens.revoke_name", { name: token?.name ?? "" })}
      description={t("tokens.revoke_body")}
    >
      <ErrorNote error={revoke.problem} className="mb-3" />
      <CommandHint command={cli("tokens revoke", undefined, token?.id ?? "")} />
      <DialogActions>
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button look="danger" busy={revoke.busy} onClick={() => void go()}>
          {t("tokens.revoke")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
