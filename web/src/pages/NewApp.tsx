import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Box, GitBranch, type LucideIcon, SquareTerminal, Upload } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import type { App, CreateApp, NewToken } from "@/api/types";
import { Page } from "@/app/Page";
import { FirstDeployment } from "@/components/FirstDeployment";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { ErrorNote } from "@/components/ui/feedback";
import { Field, Input, Select, Textarea } from "@/components/ui/field";
import { Card, PageHead } from "@/components/ui/layout";
import { type PlainKey, t } from "@/i18n";
import { cli } from "@/lib/command";
import { cx } from "@/lib/cx";
import { useAction } from "@/lib/form";
import { useTitle } from "@/lib/title";

export type Way = "push" | "git" | "image" | "upload";

const ways: { way: Way; icon: LucideIcon; title: PlainKey; body: PlainKey }[] = [
  { way: "push", icon: SquareTerminal, title: "new.push", body: "new.push_body" },
  { way: "git", icon: GitBranch, title: "new.git", body: "new.git_body" },
  { way: "image", icon: Box, title: "new.image", body: "new.image_body" },
  { way: "upload", icon: Upload, title: "new.upload", body: "new.upload_body" },
];

interface Draft {
  name: string;
  way: Way;
  url: string;
  branch: string;
  credential: "none" | "deploy_key" | "token";
  secret: string;
  image: string;
}

const blank: Draft = {
  name: "",
  way: "push",
  url: "",
  branch: "",
  credential: "none",
  secret: "",
  image: "",
};

function requestOf(draft: Draft): CreateApp {
  if (draft.way === "image") return { name: draft.name, image: draft.image };
  if (draft.way !== "git") return { name: draft.name };
  return {
    name: draft.name,
    source: {
      url: draft.url,
      branch: draft.branch || undefined,
      deploy_key: draft.credential === "deploy_key" ? draft.secret : undefined,
      token: draft.credential === "token" ? draft.secret : undefined,
    },
  };
}

function commandOf(draft: Draft): string {
  const words = [draft.name || "NAME"];
  if (draft.way === "git") {
    words.push("--git-url", draft.url || "URL");
    if (draft.branch) words.push("--branch", draft.branch);
    if (draft.credential === "deploy_key") words.push("--deploy-key", "KEYFILE");
  }
  if (draft.way === "image") words.push("--image", draft.image || "IMAGE");
  return cli("create", undefined, ...words);
}

/** A new app, by one of four ways. */
export default function NewAppPage() {
  useTitle(t("new.title"));
  const [made, setMade] = useState<{ app: App; way: Way; token?: NewToken }>();
  const navigate = useNavigate();

  const done = async (app: App, way: Way, token?: NewToken) => {
    if (way === "push" || way === "upload") {
      setMade({ app, way, token });
      window.scrollTo(0, 0);
      return;
    }
    const number = app.last_deployment?.number;
    if (number) {
      await navigate({
        to: "/apps/$app/deployments/$number",
        params: { app: app.name, number: String(number) },
      });
    } else await navigate({ to: "/apps/$app", params: { app: app.name } });
  };
  return (
    <Page width="narrow">
      {made ? (
        <>
          <PageHead title={t("new.made", { app: made.app.name })}>{t("new.made_body")}</PageHead>
          <FirstDeployment
            app={made.app}
            way={made.way === "upload" ? "upload" : "push"}
            token={made.token}
          />
        </>
      ) : (
        <>
          <PageHead title={t("new.title")} />
          <NewAppForm onDone={done} />
        </>
      )}
    </Page>
  );
}

export function NewAppForm({
  onDone,
}: {
  onDone: (app: App, way: Way, token?: NewToken) => void | Promise<void>;
}) {
  const [draft, setDraft] = useState(blank);
  const client = useQueryClient();
  const put = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));

  const create = useAction(async (wanted: Draft) => {
    let app = await api.createApp(requestOf(wanted));
    void client.invalidateQueries({ queryKey: keys.apps });
    client.setQueryData(queries.app(app.name).queryKey, app);
    if (wanted.way === "git" && !app.last_deployment) {
      // The app is there now; that its first deployment did not start is the app page's to tell.
      const deployment = await api.deploy(app.name, { git: {} }).catch(() => undefined);
      if (deployment) app = { ...app, last_deployment: deployment };
    }
    let token: NewToken | undefined;
    if (wanted.way === "push" || wanted.way === "upload") {
      token = await api
        .createToken({
          name: t("first.token_name", { app: app.name }),
          scopes: ["deploy"],
          expires_in_days: 90,
        })
        .catch(() => undefined);
    }
    return { app, token };
  });

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const result = await create.run(draft);
    if (result) await onDone(result.app, draft.way, result.token);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Card className="space-y-6 p-4 sm:p-6">
        <Field
          label={t("new.name")}
          hint={t("new.name_hint")}
          error={create.field("name")}
          className="max-w-sm"
        >
          <Input
            mono
            autoFocus
            required
            maxLength={40}
            value={draft.name}
            onChange={(e) => put({ name: e.target.value })}
            placeholder="hello"
          />
        </Field>
        <fieldset>
          <legend className="mb-2 font-medium text-sm">{t("new.way")}</legend>
          <div className="grid grid-cols-1 gap-2.5 sm:grid-cols-2">
            {ways.map(({ way, icon: Icon, title, body }) => (
              <label
                key={way}
                className={cx(
                  "flex cursor-pointer gap-3 rounded-md border p-3.5 has-focus-visible:outline-2 has-focus-visible:outline-(--focus)",
                  draft.way === way ? "border-accent bg-accent-soft" : "hover:border-border-strong",
                )}
              >
                <input
                  type="radio"
                  name="way"
                  value={way}
                  checked={draft.way === way}
                  onChange={() => put({ way })}
                  className="sr-only"
                />
                <Icon size={18} className="mt-0.5 shrink-0 text-accent-text" aria-hidden />
                <span>
                  <span className="block font-medium">{t(title)}</span>
                  <span className="block text-sm text-text-2">{t(body)}</span>
                </span>
              </label>
            ))}
          </div>
        </fieldset>
        {draft.way === "git" && <GitFields draft={draft} put={put} field={create.field} />}
        {draft.way === "image" && (
          <Field label={t("deploy.image")} hint={t("deploy.image_hint")} error={create.field("image")}>
            <Input
              mono
              value={draft.image}
              onChange={(e) => put({ image: e.target.value })}
              placeholder="registry.example.com/team/app:1.4"
            />
          </Field>
        )}
        <ErrorNote
          error={create.general(
            "name",
            "image",
            "source.url",
            "source.branch",
            "source.deploy_key",
            "source.token",
          )}
        />
        <div className="flex flex-wrap items-center justify-between gap-4">
          <Button type="submit" look="primary" busy={create.busy}>
            {draft.way === "git" || draft.way === "image" ? t("new.submit_deploy") : t("new.submit")}
          </Button>
        </div>
        <CommandHint command={commandOf(draft)} />
      </Card>
    </form>
  );
}

interface GitFieldsProps {
  draft: Draft;
  put: (part: Partial<Draft>) => void;
  field: (...names: string[]) => string | undefined;
}

function GitFields({ draft, put, field }: GitFieldsProps) {
  return (
    <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
      <Field
        label={t("source.url")}
        hint={t("source.url_hint")}
        error={field("source.url", "url", "source")}
        className="sm:col-span-2"
      >
        <Input
          mono
          value={draft.url}
          onChange={(e) => put({ url: e.target.value })}
          placeholder="https://github.com/you/app.git"
        />
      </Field>
      <Field
        label={t("source.branch")}
        optional={t("common.optional")}
        hint={t("source.branch_hint")}
        error={field("source.branch", "branch")}
      >
        <Input
          mono
          value={draft.branch}
          onChange={(e) => put({ branch: e.target.value })}
          placeholder="main"
        />
      </Field>
      <Field label={t("source.credential")}>
        <Select
          value={draft.credential}
          onChange={(e) => put({ credential: e.target.value as Draft["credential"], secret: "" })}
        >
          <option value="none">{t("source.credential_none")}</option>
          <option value="deploy_key">{t("source.credential_key")}</option>
          <option value="token">{t("source.credential_token")}</option>
        </Select>
      </Field>
      {draft.credential === "deploy_key" && (
        <Field
          label={t("source.key")}
          hint={t("source.key_hint")}
          error={field("source.deploy_key", "deploy_key")}
          className="sm:col-span-2"
        >
          <Textarea
            mono
            rows={5}
            value={draft.secret}
            onChange={(e) => put({ secret: e.target.value })}
            placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
          />
        </Field>
      )}
      {draft.credential === "token" && (
        <Field label={t("source.token")} error={field("source.token", "token")} className="sm:col-span-2">
          <Input
            mono
            type="password"
            autoComplete="off"
            value={draft.secret}
            onChange={(e) => put({ secret: e.target.value })}
          />
        </Field>
      )}
    </div>
  );
}
