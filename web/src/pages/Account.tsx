import { useQuery, useQueryClient } from "@tanstack/react-query";
import { LogOut } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import type { SignedIn } from "@/api/types";
import { Page } from "@/app/Page";
import { useSignOut } from "@/app/useSignOut";
import { AccountTabs } from "@/components/AccountTabs";
import { Appearance } from "@/components/account/Appearance";
import { leastPassword, PasswordField } from "@/components/account/PasswordField";
import { NotifySwitch } from "@/components/NotifySwitch";
import { Button } from "@/components/ui/button";
import { ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Field, Input } from "@/components/ui/field";
import { PageHead, Section } from "@/components/ui/layout";
import { toast } from "@/components/ui/toast";
import { t, tWord } from "@/i18n";
import { useAction } from "@/lib/form";
import { useTitle } from "@/lib/title";

/** One's own name and password, and what this browser is to do. */
export default function Account() {
  useTitle(t("nav.account"));
  const { data: me, error, refetch } = useQuery(queries.session());
  return (
    <Page width="narrow">
      <PageHead title={t("nav.account")}>
        {me && (
          <span className="[overflow-wrap:anywhere]">
            {me.user.email} · {tWord("role", me.user.role)}
          </span>
        )}
      </PageHead>
      <AccountTabs />
      {!me &&
        (error ? <ErrorNote error={error} onRetry={() => void refetch()} /> : <SkeletonRows rows={4} />)}
      {me && (
        <div className="space-y-5">
          <NameForm user={me.user} />
          <PasswordForm user={me.user} />
          <Section title={t("account.browser")} hint={t("account.browser_hint")}>
            <Appearance />
          </Section>
          <Section title={t("notify.section")}>
            <NotifySwitch />
          </Section>
          <SignOut />
        </div>
      )}
    </Page>
  );
}

export function NameForm({ user }: { user: SignedIn["user"] }) {
  const [name, setName] = useState(user.name);
  const client = useQueryClient();
  const save = useAction(() => api.updateMe({ name }));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!(await save.run())) return;
    void client.invalidateQueries({ queryKey: keys.session });
    toast(t("account.saved"));
  };
  return (
    <Section title={t("account.name")}>
      <form onSubmit={submit} noValidate className="max-w-sm space-y-3">
        <Field label={t("account.name")} hideLabel hint={t("account.name_hint")} error={save.field("name")}>
          <Input autoComplete="name" maxLength={100} value={name} onChange={(e) => setName(e.target.value)} />
        </Field>
        <ErrorNote error={save.general("name")} />
        <Button type="submit" busy={save.busy} disabled={name === user.name}>
          {t("common.save")}
        </Button>
      </form>
    </Section>
  );
}

const currentFields = ["password.current", "current"];
const newFields = ["password.new", "new", "password"];

export function PasswordForm({ user }: { user: SignedIn["user"] }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [tried, setTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const save = useAction(() => api.updateMe({ password: { current, new: next } }));
  const short = [...next].length < leastPassword;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    const wrong = current === "" ? "current-password" : short ? "new-password" : "";
    if (wrong) return form.current?.querySelector<HTMLInputElement>(`[autocomplete=${wrong}]`)?.focus();
    if (!(await save.run())) return;
    setCurrent("");
    setNext("");
    setTried(false);
    toast(t("account.password_saved"));
  };
  return (
    <Section title={t("account.password")} hint={t("account.password_ends")}>
      <form ref={form} onSubmit={submit} noValidate className="max-w-sm space-y-3">
        {/* For password managers, which want to know whose password it is. */}
        <input type="email" autoComplete="username" value={user.email} readOnly hidden />
        <PasswordField
          label={t("account.password_current")}
          value={current}
          onChange={setCurrent}
          error={tried && current === "" ? t("sign_in.password_missing") : save.field(...currentFields)}
        />
        <PasswordField
          fresh
          label={t("account.password_new")}
          value={next}
          onChange={setNext}
          error={tried && short ? t("account.password_short") : save.field(...newFields)}
        />
        <ErrorNote error={save.general(...currentFields, ...newFields)} />
        <Button type="submit" busy={save.busy}>
          {t("account.password_submit")}
        </Button>
      </form>
    </Section>
  );
}

function SignOut() {
  const signOut = useSignOut();
  const leave = useAction(signOut);
  return (
    <Section title={t("nav.sign_out")} hint={t("account.sign_out_hint")}>
      <ErrorNote error={leave.problem} className="mb-3" />
      <Button busy={leave.busy} onClick={() => void leave.run()}>
        <LogOut size={15} aria-hidden />
        {t("nav.sign_out")}
      </Button>
    </Section>
  );
}
