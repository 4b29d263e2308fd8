import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import type { SignedIn } from "@/api/types";
import { Page } from "@/app/Page";
import { AccountTabs } from "@/components/AccountTabs";
import { NotifySwitch } from "@/components/NotifySwitch";
import { Button } from "@/components/ui/button";
import { ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Field, Input } from "@/components/ui/field";
import { PageHead, Section } from "@/components/ui/layout";
import { toast } from "@/components/ui/toast";
import { t, tWord } from "@/i18n";
import { useAction } from "@/lib/form";
import { useTitle } from "@/lib/title";

/** One's own name and password. */
export default function Account() {
  useTitle(t("nav.account"));
  const { data: me } = useQuery(queries.session());
  return (
    <Page width="narrow">
      <PageHead title={t("nav.account")}>
        {me && (
          <>
            {me.user.email} · {tWord("role", me.user.role)}
          </>
        )}
      </PageHead>
      <AccountTabs />
      {me ? (
        <div className="space-y-5">
          <NameForm user={me.user} />
          <PasswordForm user={me.user} />
          <Section title={t("notify.section")}>
            <NotifySwitch />
          </Section>
        </div>
      ) : (
        <SkeletonRows rows={2} />
      )}
    </Page>
  );
}

function NameForm({ user }: { user: SignedIn["user"] }) {
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
        <Field label={t("account.name")} hideLabel error={save.field("name")}>
          <Input autoComplete="name" value={name} onChange={(e) => setName(e.target.value)} />
        </Field>
        <ErrorNote error={save.general("name")} />
        <Button type="submit" busy={save.busy} disabled={name === user.name}>
          {t("common.save")}
        </Button>
      </form>
    </Section>
  );
}

function PasswordForm({ user }: { user: SignedIn["user"] }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const save = useAction(() => api.updateMe({ password: { current, new: next } }));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!(await save.run())) return;
    setCurrent("");
    setNext("");
    toast(t("account.password_saved"));
  };
  return (
    <Section title={t("account.password")}>
      <form onSubmit={submit} noValidate className="max-w-sm space-y-3">
        {/* For password managers, which want to know whose password it is. */}
        <input type="email" autoComplete="username" value={user.email} readOnly hidden />
        <Field label={t("account.password_current")} error={save.field("password.current", "current")}>
          <Input
            type="password"
            autoComplete="current-password"
            value={current}
            onChange={(e) => setCurrent(e.target.value)}
          />
        </Field>
        <Field
          label={t("account.password_new")}
          hint={t("account.password_hint")}
          error={save.field("password.new", "new", "password")}
        >
          <Input
            type="password"
            autoComplete="new-password"
            value={next}
            onChange={(e) => setNext(e.target.value)}
          />
        </Field>
        <ErrorNote error={save.general("password.current", "current", "password.new", "new", "password")} />
        <Button type="submit" busy={save.busy} disabled={!current || !next}>
          {t("account.password_submit")}
        </Button>
      </form>
    </Section>
  );
}
