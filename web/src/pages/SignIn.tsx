import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import { Entrance } from "@/components/Entrance";
import { Button } from "@/components/ui/button";
import { CodeBlock } from "@/components/ui/copy";
import { ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Field, Input } from "@/components/ui/field";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { useTitle } from "@/lib/title";

/** Signing in, by password or by a one-time link. */
export default function SignIn() {
  useTitle(t("sign_in.title"));
  const { token } = useSearch({ from: "/sign-in" });
  const [linkFailed, setLinkFailed] = useState<unknown>();
  if (token && !linkFailed) return <ByLink token={token} onFailed={setLinkFailed} />;
  return <ByPassword linkProblem={linkFailed} />;
}

function useEnter() {
  const router = useRouter();
  const client = useQueryClient();
  const { next } = useSearch({ from: "/sign-in" });
  return async () => {
    client.removeQueries({ queryKey: keys.session });
    await router.navigate({ href: next ?? "/", replace: true });
  };
}

function ByLink({ token, onFailed }: { token: string; onFailed: (error: unknown) => void }) {
  const enter = useEnter();
  const used = useRef(false);
  useEffect(() => {
    if (used.current) return; // the link is good for one use
    used.current = true;
    api.signInByLink(token).then(enter, onFailed);
  });
  return (
    <Entrance title={t("sign_in.by_link")}>
      <SkeletonRows rows={1} />
    </Entrance>
  );
}

function ByPassword({ linkProblem }: { linkProblem: unknown }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const enter = useEnter();
  const signIn = useAction(api.signIn);
  const { data: setup } = useQuery(queries.setup());

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (await signIn.run({ email, password })) await enter();
  };
  return (
    <Entrance title={t("sign_in.title")} lead={setup?.bootstrap_required ? t("sign_in.no_owner") : undefined}>
      <form onSubmit={submit} className="space-y-4" noValidate>
        {Boolean(linkProblem) && !signIn.problem && <ErrorNote error={linkProblem} />}
        <Field label={t("account.email")} error={signIn.field("email")}>
          <Input
            type="email"
            autoComplete="username"
            autoFocus
            value={email}
            onChange={(e) => setEmail(e.target.value)}
          />
        </Field>
        <Field label={t("account.password")} error={signIn.field("password")}>
          <Input
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={(e) => setPassword(e.target.value)}
          />
        </Field>
        <ErrorNote error={signIn.general("email", "password")} />
        <Button type="submit" look="primary" className="w-full" busy={signIn.busy}>
          {t("sign_in.submit")}
        </Button>
      </form>
      <details className="mt-5 text-sm">
        <summary className="rounded-sm text-text-3 hover:text-text">{t("sign_in.other_way")}</summary>
        <p className="mt-2 mb-2 text-text-2">{t("sign_in.other_way_body")}</p>
        <CodeBlock text={cli("dashboard")} />
      </details>
    </Entrance>
  );
}
