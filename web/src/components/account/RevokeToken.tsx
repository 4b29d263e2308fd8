import { useQueryClient } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import { keys } from "@/api/queries";
import type { Token } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/feedback";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { ago } from "@/lib/time";

const week = 7 * 24 * 60 * 60_000;

/** Asks before a token is revoked, and says what stops working. */
export function RevokeToken({ token, onClose }: { token: Token | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const revoke = useAction(async (id: string) => {
    try {
      await api.revokeToken(id);
    } catch (error) {
      // Somebody else was faster: it is what was wanted.
      if (asProblem(error).status !== 404) throw error;
    }
    return true;
  });
  const close = () => {
    onClose();
    revoke.reset();
  };
  const go = async () => {
    if (!token || !(await revoke.run(token.id))) return;
    void client.invalidateQueries({ queryKey: keys.tokens });
    close();
  };
  const used = token?.last_used_at;
  const inUse = used !== undefined && Date.now() - Date.parse(used) < week;
  return (
    <Dialog
      open={token !== undefined}
      onOpenChange={close}
      title={t("tokens.revoke_name", { name: token?.name ?? "" })}
      description={t("tokens.revoke_body")}
    >
      <p
        className={
          inUse
            ? "mb-4 flex items-start gap-2 rounded-md bg-warn-soft px-3 py-2 text-warn"
            : "mb-4 text-text-2"
        }
      >
        {inUse && <TriangleAlert size={16} className="mt-0.75 shrink-0" aria-hidden />}
        {used === undefined
          ? t("tokens.revoke_unused")
          : t(inUse ? "tokens.revoke_in_use" : "tokens.revoke_idle", { when: ago(used) })}
      </p>
      <ErrorNote error={revoke.problem} className="mb-3" />
      <CommandHint command={cli("tokens revoke", undefined, token?.id ?? "")} />
      <DialogActions>
        <Button onClick={close}>{t("common.cancel")}</Button>
        <Button look="danger" busy={revoke.busy} onClick={() => void go()}>
          {t("tokens.revoke")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
