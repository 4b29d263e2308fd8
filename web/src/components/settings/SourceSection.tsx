import { type FormEvent, useState } from "react";
import type { App } from "@/api/types";
import { CodeBlock } from "@/components/ui/copy";
import { ErrorNote } from "@/components/ui/feedback";
import { Field, Input, Select, Textarea } from "@/components/ui/field";
import { Section } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useDraft } from "./draft";
import { SaveRow } from "./SaveRow";
import { Hints } from "./ServingSection";
import { useSaveApp } from "./save";

type Credential = "keep" | "none" | "deploy_key" | "token";

const valuesOf = (app: App) => ({ url: app.source?.url ?? "" });

/** Where the source comes from: pushed here, or fetched from a git URL. */
export function SourceSection({ app, may }: { app: App; may: boolean }) {
  const draft = useDraft(app, valuesOf);
  const save = useSaveApp(app, (one) => one.source);
  const [chosen, setChosen] = useState<Credential>();
  const [secret, setSecret] = useState("");
  const [tried, setTried] = useState(false);
  const { url } = draft.values;
  const moved = draft.changed.length > 0;
  // The server sends a credential nowhere but where it was given for.
  const stays = Boolean(app.source?.has_credential) && !moved;
  const first: Credential = stays ? "keep" : "none";
  const credential =
    chosen === undefined || (chosen === "keep" && !stays) || (chosen === "none" && stays) ? first : chosen;
  const needs = credential === "deploy_key" || credential === "token";
  const missing = needs && secret.trim() === "" ? t("source.secret_missing") : undefined;
  const noKey =
    credential === "deploy_key" && !missing && !secret.includes("PRIVATE KEY-----")
      ? t("source.key_rule")
      : undefined;
  const changed = moved || (url !== "" && needs);

  const reset = () => {
    draft.reset();
    setChosen(undefined);
    setSecret("");
    setTried(false);
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!changed || (url !== "" && (missing || noKey))) return;
    const saved = await save.run({
      source: {
        url: url.trim(),
        deploy_key: credential === "deploy_key" ? secret : undefined,
        token: credential === "token" ? secret : undefined,
      },
    });
    if (saved) reset();
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
            hint={<Hints all={[t("source.url_hint")]} news={draft.news("url")} />}
            error={save.field("source.url", "source", "url")}
          >
            <Input mono value={url} onChange={(e) => draft.put("url", e.target.value.trim())} />
          </Field>
          {url !== "" && (
            <Field
              label={t("source.credential")}
              hint={
                stays
                  ? t("source.credential_kept")
                  : app.source?.has_credential
                    ? t("source.credential_moved")
                    : undefined
              }
            >
              <Select value={credential} onChange={(e) => setChosen(e.target.value as Credential)}>
                {stays ? (
                  <option value="keep">{t("source.credential_keep")}</option>
                ) : (
                  <option value="none">{t("source.credential_none")}</option>
                )}
                <option value="deploy_key">{t("source.credential_key")}</option>
                <option value="token">{t("source.credential_token")}</option>
              </Select>
            </Field>
          )}
          {url !== "" && credential === "deploy_key" && (
            <Field
              label={t("source.key")}
              hint={t("source.key_hint")}
              error={(tried && (missing ?? noKey)) || save.field("source.deploy_key", "deploy_key")}
            >
              <Textarea mono rows={5} value={secret} onChange={(e) => setSecret(e.target.value)} />
            </Field>
          )}
          {url !== "" && credential === "token" && (
            <Field
              label={t("source.token")}
              hint={t("source.key_hint")}
              error={(tried && missing) || save.field("source.token", "token")}
            >
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
        <SaveRow
          command={cli(
            "settings",
            app.name,
            "--git-url",
            url,
            ...(url !== "" && credential === "deploy_key" ? ["--deploy-key", "key.pem"] : []),
          )}
          may={may}
          changed={changed}
          busy={save.busy}
          clash={save.clash}
          onDiscard={() => {
            reset();
            save.reset();
          }}
        />
      </form>
    </Section>
  );
}
