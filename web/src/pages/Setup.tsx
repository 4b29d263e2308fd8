import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import { Entrance } from "@/components/Entrance";
import { Button, buttonClass } from "@/components/ui/button";
import { ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Field, Input } from "@/components/ui/field";
import { t } from "@/i18n";
import { useAction } from "@/lib/form";
import { useTitle } from "@/lib/title";

/** The first visit: whoever holds the bootstrap link becomes the owner. */
export default function Setup() {
  useTitle(t("setup.title"));
  const { token } = useSearch({ from: "/setup" });
  const { data: setup, error, isPending, refetch } = useQuery(queries.setup());

  if (isPending)
    return (
      <Entrance title={t("setup.title")}>
        <SkeletonRows rows={2} />
      </Entrance>
    );
  if (error) {
    return (
      <Entrance title={t("setup.title")}>
        <ErrorNote error={error} onRetry={() => void refetch()} />
      </Entrance>
    );
  }
  if (!setup.bootstrap_required) {
    return (
      <Entrance title={t("setup.done_title")} lead={t("setup.done_body")}>
        <Link to="/sign-in" search={{}} className={buttonClass("primary", "md", "w-full")}>
          {t("sign_in.go")}
        </Link>
      </Entrance>
    );
  }
  if (!token) {
    return <Entrance title={t("setup.no_token_title")} lead={t("setup.no_token_body")} />;
  }
  return (
    <Entrance title={t("setup.title")} lead={t("setup.lead")}>
      <OwnerForm token={token} />
    </Entrance>
  );
}

export function OwnerForm({ token }: { token: string }) {
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const client = useQueryClient();
  const navigate = useNavigate();
  const create = useAction(api.createOwner);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const made = await create.run({ token, email, password, name: name || undefined });
    if (!made) return;
    client.removeQueries({ queryKey: keys.session });
    client.removeQueries({ queryKey: keys.setup });
    await navigate({ to: "/", replace: true });
  };
  return (
    <form onSubmit={submit} className="space-y-4" noValidate>
      <Field label={t("account.email")} error={create.field("email")}>
        <Input
          type="email"
          autoComplete="username"
          autoFocus
          required
          value={email}
          onChange={(e) => setEmail(e.target.value)}
        />
      </Field>
      <Field label={t("account.name")} optional={t("common.optional")} error={create.field("name")}>
        <Input autoComplete="name" value={name} onChange={(e) => setName(e.target.value)} />
      </Field>
      <Field label={t("account.password")} hint={t("account.password_hint")} error={create.field("password")}>
        <Input
          type="password"
          autoComplete="new-password"
          required
          value={password}
          onChange={(e) => setPassword(e.target.value)}
        />
      </Field>
      <ErrorNote error={create.general("email", "name", "password")} />
      <Button type="submit" look="primary" className="w-full" busy={create.busy}>
        {t("setup.submit")}
      </Button>
    </form>
  );
}
