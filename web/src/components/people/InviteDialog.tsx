import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { keys } from "@/api/queries";
import type { NewInvitation, Role } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CodeBlock, CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/feedback";
import { Field, Input, Select } from "@/components/ui/field";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { exactly } from "@/lib/time";

/** Makes an invitation and shows its link, once. */
export function InviteDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const [made, setMade] = useState<NewInvitation>();
  const close = () => {
    onClose();
    setMade(undefined);
  };
  return (
    <Dialog
      open={open}
      onOpenChange={close}
      title={made ? t("invitations.made") : t("invitations.new")}
      description={made ? undefined : t("invitations.new_body")}
    >
      {made ? <MadeLink made={made} onDone={close} /> : <InviteForm onMade={setMade} onCancel={close} />}
    </Dialog>
  );
}

function InviteForm({ onMade, onCancel }: { onMade: (made: NewInvitation) => void; onCancel: () => void }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("member");
  const client = useQueryClient();
  const invite = useAction(api.invite);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const made = await invite.run({ role, email: email.trim() || undefined });
    if (!made) return;
    void client.invalidateQueries({ queryKey: keys.invitations });
    onMade(made);
  };
  const words = email.trim() ? [email.trim()] : [];
  return (
    <form onSubmit={submit} noValidate className="space-y-4">
      <Field label={t("invitations.role")} hint={t(`people.may.${role}`)} error={invite.field("role")}>
        <Select value={role} onChange={(e) => setRole(e.target.value as Role)}>
          <option value="member">{t("role.member")}</option>
          <option value="owner">{t("role.owner")}</option>
        </Select>
      </Field>
      <Field
        label={t("account.email")}
        optional={t("common.optional")}
        hint={t("invitations.email_hint")}
        error={invite.field("email")}
      >
        <Input type="email" autoComplete="off" value={email} onChange={(e) => setEmail(e.target.value)} />
      </Field>
      <ErrorNote error={invite.general("role", "email")} />
      <CommandHint command={cli("users invite", undefined, ...words, "--role", role)} />
      <DialogActions>
        <Button onClick={onCancel}>{t("common.cancel")}</Button>
        <Button type="submit" look="primary" busy={invite.busy}>
          {t("invitations.submit")}
        </Button>
      </DialogActions>
    </form>
  );
}

function MadeLink({ made, onDone }: { made: NewInvitation; onDone: () => void }) {
  return (
    <div role="status">
      <p className="mb-3 text-text-2 [overflow-wrap:anywhere]">
        {t(`invitations.made_for.${made.role}`)}{" "}
        {made.email && `${t("invitations.made_only", { email: made.email })} `}
        {t("invitations.made_until", { when: exactly(made.expires_at) })} {t("invitations.once")}
      </p>
      <CodeBlock text={made.url} label={t("invitations.copy")} />
      <DialogActions>
        <Button look="primary" onClick={onDone}>
          {t("invitations.done")}
        </Button>
      </DialogActions>
    </div>
  );
}
