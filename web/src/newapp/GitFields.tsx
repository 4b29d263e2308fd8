import { Field, Input, Select, Textarea } from "@/components/ui/field";
import { t } from "@/i18n";
import type { Draft } from "./draft";

interface GitFieldsProps {
  draft: Draft;
  put: (part: Partial<Draft>) => void;
  trouble: (...names: string[]) => string | undefined;
}

/** The repository to fetch from, and what it takes to read it. */
export function GitFields({ draft, put, trouble }: GitFieldsProps) {
  return (
    <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
      <Field
        label={t("source.url")}
        hint={t("source.url_hint")}
        error={trouble("source.url", "url", "source")}
        className="sm:col-span-2"
      >
        <Input
          mono
          inputMode="url"
          value={draft.url}
          onChange={(e) => put({ url: e.target.value })}
          placeholder="https://git.example.com/you/app.git"
        />
      </Field>
      <Field
        label={t("source.branch")}
        optional={t("common.optional")}
        hint={t("source.branch_hint")}
        error={trouble("source.branch", "branch")}
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
          error={trouble("source.deploy_key", "deploy_key")}
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
        <Field
          label={t("source.token")}
          hint={t("source.key_hint")}
          error={trouble("source.token", "token")}
          className="sm:col-span-2"
        >
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
