import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import type { Invitation } from "@/api/types";
import { Entrance } from "@/components/Entrance";
import { Button, buttonClass } from "@/components/ui/button";
import { ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Field, Input } from "@/components/ui/field";
import { t } from "@/i18n";
import { useAction } from "@/lib/form";
import { useTitle } from "@/lib/title";

/** Where an invitation's link leads. */
export default function Join() {
  useTitle(t("join.title"));
  const { token } = useSearch({ from: "/join" });
  if (!token) return <Entrance title={t("join.no_token_title")} lead={t("join.no_token_body")} />;
  return <Invited token={token} />;
}

/** Says what the link is good for, and takes whoever holds it in. */
export function Invited({ token }: { token: string }) {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["invitation", token],
    queryFn: () => api.invitation(token),
    // What it said stays until the page is left: using the link makes it worthless.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });
  if (isPending) {
    return (
      <Entrance title={t("join.title")}>
        <SkeletonRows rows={3} />
      </Entrance>
    );
  }
  if (error && asProblem(error).status === 401) {
    return (
      <Entrance title={t("join.gone_title")} lead={t("join.gone_body")}>
        <Link to="/sign-in" search={{}} className={buttonClass("primary", "md", "w-full")}>
          {t("sign_in.go")}
        </Link>
      </Entrance>
    );
  }
  if (error) {
    return (
      <Entrance title={t("join.title")}>
        <ErrorNote error={error} onRetry={() => void refetch()} />
      </Entrance>
    );
  }
  return (
    <Entrance title={t("join.title")} lead={t(`join.lead.${data.role}`, { who: data.invited_by })}>
      <JoinForm token={token} invitation={data} />
    </Entrance>
  );
}

function JoinForm({ token, invitation }: { token: string; invitation: Invitation }) {
  const [email, setEmail] = useState(invitation.email);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const client = useQueryClient();
  const navigate = useNavigate();
  const join = useAction(api.join);
  const fixed = invitation.email !== "";

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!(await join.run({ token, email, password, name: name || undefined }))) return;
    client.clear(); // whatever another person saw in this tab before
    await navigate({ to: "/", replace: true });
  };
  return (
    <form onSubmit={submit} className="space-y-4" noValidate>
      <Field
        label={t("account.email")}
        hint={fixed ? t("join.fixed_email") : undefined}
        error={join.field("email")}
      >
        <Input
          type="email"
          autoComplete="username"
          autoFocus={!fixed}
          readOnly={fixed}
          required
          value={email}
          onChange={(e) => setEmail(e.target.value)}
        />
      </Field>
      <Field label={t("account.name")} optional={t("common.optional")} error={join.field("name")}>
        <Input autoComplete="name" autoFocus={fixed} value={name} onChange={(e) => setName(e.target.value)} />
      </Field>
      <Field label={t("account.password")} hint={t("account.password_hint")} error={join.field("password")}>
        <Input
          type="password"
          autoComplete="new-password"
          required
          value={password}
          onChange={(e) => setPassword(e.target.value)}
        />
      </Field>
      <ErrorNote error={join.general("email", "name", "password")} />
      <Button type="submit" look="primary" className="w-full" busy={join.busy}>
        {t("join.submit")}
      </Button>
    </form>
  );
}
