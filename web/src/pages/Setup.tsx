import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import { PasswordField } from "@/components/account/PasswordField";
import { Entrance } from "@/components/Entrance";
import { EntranceProblem, useWait } from "@/components/EntranceProblem";
import { Button, buttonClass } from "@/components/ui/button";
import { CodeBlock } from "@/components/ui/copy";
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
    return (
      <Entrance title={t("setup.no_token_title")} lead={t("setup.no_token_body")}>
        <FindLink />
      </Entrance>
    );
  }
  return (
    <Entrance title={t("setup.title")} lead={t("setup.lead")}>
      <OwnerForm token={token} />
    </Entrance>
  );
}

/** Where the server keeps the link that is good now. */
function FindLink() {
  return (
    <div className="space-y-2 text-sm text-text-2">
      <p>{t("setup.find_compose")}</p>
      <CodeBlock
        text="docker compose exec slipway cat /var/lib/slipway/bootstrap-link"
        label={t("common.copy_command")}
      />
      <p className="pt-1">{t("setup.find_restart")}</p>
      <CodeBlock text="slipway server" label={t("common.copy_command")} />
    </div>
  );
}

export function OwnerForm({ token }: { token: string }) {
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const client = useQueryClient();
  const navigate = useNavigate();
  const create = useAction(api.createOwner);
  const problem = create.general("email", "name", "password");
  const wait = useWait(problem);
  // The link, and not what was typed, is refused.
  const badLink = problem?.fields.token !== undefined;
  const claimed = problem?.status === 409;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (wait > 0) return;
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
          name="email"
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
      <PasswordField
        fresh
        label={t("account.password")}
        value={password}
        onChange={setPassword}
        error={create.field("password")}
      />
      {badLink ? (
        <div role="alert" className="space-y-3 rounded-md bg-warn-soft px-3 py-2.5">
          <p className="text-warn">{t("setup.bad_link")}</p>
          <FindLink />
        </div>
      ) : (
        <EntranceProblem problem={problem} wait={wait} />
      )}
      {claimed && (
        <Link to="/sign-in" search={{}} className="link">
          {t("sign_in.go")}
        </Link>
      )}
      <Button type="submit" look="primary" className="w-full" busy={create.busy} disabled={wait > 0}>
        {t("setup.submit")}
      </Button>
    </form>
  );
}
