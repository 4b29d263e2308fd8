import { useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { api } from "@/api/client";
import { keys } from "@/api/queries";
import type { Role, User } from "@/api/types";
import { Button, IconButton } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/feedback";
import { Field, Input, Select } from "@/components/ui/field";
import { Row } from "@/components/ui/layout";
import { Badge } from "@/components/ui/status";
import { Ago } from "@/components/ui/time";
import { t, tWord } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";

const roles: readonly Role[] = ["owner", "member"];

/** What somebody is called: their name, or the address when they gave none. */
const called = (user: User) => user.name || user.email;

/** One person, with what another owner can do to them. */
export function PersonRow({ user, self }: { user: User; self: boolean }) {
  const [wanted, setWanted] = useState<Role>();
  const [removing, setRemoving] = useState(false);
  return (
    <Row className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
      <div className="min-w-0 flex-1 basis-52">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="break-words font-medium [overflow-wrap:anywhere]">{called(user)}</span>
          {self && <Badge>{t("people.you")}</Badge>}
        </div>
        <div className="mt-0.5 flex flex-wrap gap-x-2.5 text-sm text-text-3">
          {user.name && <span className="break-all">{user.email}</span>}
          <span>
            {t("people.added")} <Ago when={user.created_at} />
          </span>
        </div>
        {self && <p className="mt-0.5 text-sm text-text-3">{t("people.own_role")}</p>}
      </div>
      {self ? (
        <Badge>{tWord("role", user.role)}</Badge>
      ) : (
        <div className="flex items-center gap-2">
          <Field label={t("people.role_of", { who: called(user) })} hideLabel>
            <Select value={user.role} onChange={(e) => setWanted(e.target.value as Role)}>
              {roles.map((role) => (
                <option key={role} value={role}>
                  {t(`role.${role}`)}
                </option>
              ))}
            </Select>
          </Field>
          <IconButton label={t("people.remove_who", { who: called(user) })} onClick={() => setRemoving(true)}>
            <Trash2 size={15} aria-hidden />
          </IconButton>
        </div>
      )}
      {wanted && <RoleDialog user={user} role={wanted} onClose={() => setWanted(undefined)} />}
      {removing && <RemoveDialog user={user} onClose={() => setRemoving(false)} />}
    </Row>
  );
}

function RoleDialog({ user, role, onClose }: { user: User; role: Role; onClose: () => void }) {
  const client = useQueryClient();
  const change = useAction(() => api.setRole(user.id, role));
  const go = async () => {
    if (!(await change.run())) return;
    void client.invalidateQueries({ queryKey: keys.invitations });
    await client.invalidateQueries({ queryKey: keys.users });
    onClose();
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t(`people.make.${role}`, { who: called(user) })}
      description={t(`people.make_body.${role}`)}
    >
      <ErrorNote error={change.problem} className="mb-3" />
      <CommandHint command={cli("users role", undefined, user.email, role)} />
      <DialogActions>
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button look="primary" busy={change.busy} onClick={() => void go()}>
          {t(`people.make_submit.${role}`)}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function RemoveDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const client = useQueryClient();
  const remove = useAction(async () => {
    await api.removeUser(user.id);
    return true;
  });
  const go = async () => {
    if (!(await remove.run())) return;
    for (const queryKey of [keys.users, keys.invitations, keys.apps])
      void client.invalidateQueries({ queryKey });
    onClose();
  };
  const sure = typed.trim().toLowerCase() === user.email;
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t("people.remove_title", { who: called(user) })}
      description={t("people.remove_body")}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (sure) void go();
        }}
      >
        <Field label={<span className="break-all">{t("people.remove_confirm", { email: user.email })}</span>}>
          <Input mono autoFocus autoComplete="off" value={typed} onChange={(e) => setTyped(e.target.value)} />
        </Field>
        <ErrorNote error={remove.problem} className="mt-3" />
        <CommandHint className="mt-3" command={cli("users remove", undefined, user.email)} />
        <DialogActions>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="danger" busy={remove.busy} disabled={!sure}>
            {t("people.remove")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
