import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import { keys, queries } from "@/api/queries";
import { PasswordField } from "@/components/account/PasswordField";
import { Entrance } from "@/components/Entrance";
import { EntranceProblem, useWait } from "@/components/EntranceProblem";
import { Button } from "@/components/ui/button";
import { CodeBlock } from "@/components/ui/copy";
import { SkeletonRows } from "@/components/ui/feedback";
import { Field, Input } from "@/components/ui/field";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { useTitle } from "@/lib/title";

/** Signing in, by password or by a one-time link. */
export default function SignIn() {
  useTitle(t("sign_in.title"));
  const { token } = useSearch({ from: "/sign-in" });
  const enter = useEnter();
  const [spent, setSpent] = useState<string>();
  if (token && token !== spent) return <ByLink token={token} enter={enter} onSpent={() => setSpent(token)} />;
  return <ByPassword spent={spent !== undefined} onIn={() => void enter()} />;
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

interface ByLinkProps {
  token: string;
  enter: () => Promise<void>;
  /** The link has been used, or is too old. */
  onSpent: () => void;
}

export function ByLink({ token, enter, onSpent }: ByLinkProps) {
  const used = useRef(false);
  const signIn = useAction(async () => {
    try {
      await api.signInByLink(token);
    } catch (error) {
      if (asProblem(error).status !== 401) throw error; // the link may still be good
      onSpent();
      return;
    }
    await enter();
  });
  const wait = useWait(signIn.problem);
  const { run } = signIn;
  useEffect(() => {
    if (used.current) return; // the link is good for one use
    used.current = true;
    void run();
  }, [run]);
  return (
    <Entrance title={signIn.problem ? t("sign_in.title") : t("sign_in.by_link")}>
      {signIn.problem ? (
        <div className="space-y-4">
          <EntranceProblem problem={signIn.problem} wait={wait} />
          <Button look="primary" className="w-full" disabled={wait > 0} onClick={() => void run()}>
            {t("common.retry")}
          </Button>
        </div>
      ) : (
        <SkeletonRows rows={1} />
      )}
    </Entrance>
  );
}

/** Without spent, nobody came by a link; with it, by one that is not good any more. */
export function ByPassword({ spent, onIn }: { spent?: boolean; onIn?: () => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const signIn = useAction(api.signIn);
  const { data: setup } = useQuery(queries.setup());
  const problem = signIn.general("email", "password");
  const wait = useWait(problem);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    const empty = [email.trim(), password].indexOf("");
    if (empty >= 0) return form.current?.querySelectorAll("input")[empty]?.focus();
    if (wait > 0) return;
    if (await signIn.run({ email: email.trim(), password })) onIn?.();
  };
  return (
    <Entrance
      title={spent ? t("sign_in.spent_title") : t("sign_in.title")}
      lead={
        setup?.bootstrap_required ? (
          t("sign_in.no_owner")
        ) : spent ? (
          <span role="alert">{t("sign_in.spent_body")}</span>
        ) : undefined
      }
    >
      <form ref={form} onSubmit={submit} className="space-y-4" noValidate>
        <Field
          label={t("account.email")}
          error={tried && !email.trim() ? t("sign_in.email_missing") : signIn.field("email")}
        >
          <Input
            type="email"
            name="email"
            autoComplete="username"
            autoFocus
            required
            value={email}
            onChange={(e) => setEmail(e.target.value)}
          />
        </Field>
        <PasswordField
          label={t("account.password")}
          value={password}
          onChange={setPassword}
          error={tried && !password ? t("sign_in.password_missing") : signIn.field("password")}
        />
        <EntranceProblem problem={problem} wait={wait} />
        <Button type="submit" look="primary" className="w-full" busy={signIn.busy} disabled={wait > 0}>
          {t("sign_in.submit")}
        </Button>
      </form>
      <details className="mt-5 text-sm" open={spent || undefined}>
        <summary className="rounded-sm text-text-3 hover:text-text">{t("sign_in.other_way")}</summary>
        <p className="mt-2 mb-2 text-text-2">{t("sign_in.other_way_body")}</p>
        <CodeBlock text={cli("dashboard")} label={t("common.copy_command")} />
      </details>
    </Entrance>
  );
}
