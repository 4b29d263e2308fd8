import { type FormEvent, useState } from "react";
import type { App } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CodeBlock, CommandHint } from "@/components/ui/copy";
import { ErrorNote } from "@/components/ui/feedback";
import { Field, Input, Select, Textarea } from "@/components/ui/field";
import { Section } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useSaveApp } from "./save";

type Credential = "keep" | "none" | "deploy_key" | "token";

/** Where the source comes from: pushed here, or fetched from a git URL. */
export function SourceSection({ app, may }: { app: App; may: boolean }) {
  const first: Credential = app.source?.has_credential ? "keep" : "none";
  const [url, setUrl] = useState(app.source?.url ?? "");
  const [credential, setCredential] = useState<Credential>(first);
  const [secret, setSecret] = useState("");
  const save = useSaveApp(app);
  const changed = url !== (app.source?.url ?? "") || credential !== first;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const saved = await save.run(app.revision, {
      source: {
        url: url.trim(),
        deploy_key: credential === "deploy_key" ? secret : credential === "none" ? "" : undefined,
        token: credential === "token" ? secret : undefined,
      },
    });
    if (!saved) return;
    setSecret("");
    setUrl(saved.source?.url ?? "");
    setCredential(saved.source?.has_credential ? "keep" : "none");
  };
  return (
    <Section title={t("source.title")} hint={t("source.hint")}>
      <p className="mb-1.5 font-medium text-sm">{t("source.push_url")}</p>
      <CodeBlock text={app.git_url} />
      <form onSubmit={submit} noValidate className="mt-4">
        <fieldset disabled={!may} className="grid grid-cols-1 gap-4">
          <Field
            label={t("source.url")}
            optional={t("common.optional")}
            hint={t("source.url_hint")}
            error={save.field("source.url", "source", "url")}
          >
            <Input mono value={url} onChange={(e) => setUrl(e.target.value)} />
          </Field>
          {url !== "" && (
            <Field label={t("source.credential")}>
              <Select value={credential} onChange={(e) => setCredential(e.target.value as Credential)}>
                {app.source?.has_credential && <option value="keep">{t("source.credential_keep")}</option>}
                <option value="none">{t("source.credential_none")}</option>
                <option value="deploy_key">{t("source.credential_key")}</option>
                <option value="token">{t("source.credential_token")}</option>
              </Select>
            </Field>
          )}
          {url !== "" && credential === "deploy_key" && (
            <Field
              label={t("source.key")}
              hint={t("source.key_hint")}
              error={save.field("source.deploy_key", "deploy_key")}
            >
              <Textarea mono rows={5} value={secret} onChange={(e) => setSecret(e.target.value)} />
            </Field>
          )}
          {url !== "" && credential === "token" && (
            <Field label={t("source.token")} error={save.field("source.token", "token")}>
              <Input
                mono
                type="password"
                autoComplete="off"
                value={secret}
                onChange={(e) => setSecret(e.target.value)}
              />
            </Field>
          )}
        </fieldset>
        <ErrorNote
          error={save.general(
            "source.url",
            "source",
            "url",
            "source.deploy_key",
            "deploy_key",
            "source.token",
            "token",
          )}
          className="mt-4"
        />
        <div className="mt-4 flex flex-wrap items-start justify-between gap-3">
          <CommandHint command={cli("settings", app.name, "--git-url", url)} />
          {may && (
            <Button type="submit" look="primary" busy={save.busy} disabled={!changed}>
              {t("common.save")}
            </Button>
          )}
        </div>
      </form>
    </Section>
  );
}
