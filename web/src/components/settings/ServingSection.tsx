import { type FormEvent, useState } from "react";
import type { App, UpdateApp } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { ErrorNote } from "@/components/ui/feedback";
import { Field, Input, Select } from "@/components/ui/field";
import { Section } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useSaveApp } from "./save";

type Draft = Record<
  "branch" | "builder" | "dockerfile" | "health_path" | "port" | "memory_mb" | "cpu_milli",
  string
>;

const draftOf = (app: App): Draft => ({
  branch: app.branch,
  builder: app.builder,
  dockerfile: app.dockerfile,
  health_path: app.health_path,
  port: app.port ? String(app.port) : "",
  memory_mb: app.memory_mb ? String(app.memory_mb) : "",
  cpu_milli: app.cpu_milli ? String(app.cpu_milli) : "",
});

const flags: Record<keyof Draft, string> = {
  branch: "--branch",
  builder: "--builder",
  dockerfile: "--dockerfile",
  health_path: "--health-path",
  port: "--port",
  memory_mb: "--memory",
  cpu_milli: "--cpu",
};

const numbers = new Set<string>(["port", "memory_mb", "cpu_milli"]);

/** What was changed, as the API takes it; an emptied number is 0, for "by itself". */
function changeOf(draft: Draft, before: Draft): UpdateApp {
  const change: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(draft)) {
    if (value === before[name as keyof Draft]) continue;
    change[name] = numbers.has(name) ? Number(value || 0) : value.trim();
  }
  return change;
}

/** How an app is built, probed and bounded. */
export function ServingSection({ app, may }: { app: App; may: boolean }) {
  // Kept as it was when editing began: what others change meanwhile is refused by the server, not lost.
  const [base, setBase] = useState(app);
  const [draft, setDraft] = useState(() => draftOf(app));
  const save = useSaveApp(app);
  const before = draftOf(base);
  const change = changeOf(draft, before);
  const changed = Object.keys(change).length > 0;
  const put = (part: Partial<Draft>) => {
    if (!changed) setBase(app);
    setDraft((now) => ({ ...now, ...part }));
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const saved = await save.run(base.revision, change);
    if (!saved) return;
    setBase(saved);
    setDraft(draftOf(saved));
  };
  const reload = () => {
    setBase(app);
    setDraft(draftOf(app));
    save.reset();
  };
  const command = cli(
    "settings",
    app.name,
    ...Object.entries(change).flatMap(([name, value]) => [flags[name as keyof Draft], String(value)]),
  );
  return (
    <Section title={t("settings.serving")} hint={t("settings.serving_hint")}>
      <form onSubmit={submit} noValidate>
        <fieldset disabled={!may} className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          <Field label={t("settings.branch")} hint={t("settings.branch_hint")} error={save.field("branch")}>
            <Input mono value={draft.branch} onChange={(e) => put({ branch: e.target.value })} />
          </Field>
          <Field label={t("settings.builder")} error={save.field("builder")}>
            <Select value={draft.builder} onChange={(e) => put({ builder: e.target.value })}>
              <option value="">{t("builder.auto")}</option>
              <option value="dockerfile">{t("builder.dockerfile")}</option>
              <option value="static">{t("builder.static")}</option>
              <option value="image">{t("builder.image")}</option>
            </Select>
          </Field>
          <Field
            label={t("settings.dockerfile")}
            hint={t("settings.dockerfile_hint")}
            error={save.field("dockerfile")}
          >
            <Input
              mono
              value={draft.dockerfile}
              placeholder="Dockerfile"
              onChange={(e) => put({ dockerfile: e.target.value })}
            />
          </Field>
          <Field
            label={t("settings.health")}
            hint={t("settings.health_hint")}
            error={save.field("health_path")}
          >
            <Input
              mono
              value={draft.health_path}
              placeholder="/healthz"
              onChange={(e) => put({ health_path: e.target.value })}
            />
          </Field>
          <NumberField
            label={t("settings.port")}
            hint={t("settings.port_hint")}
            value={draft.port}
            error={save.field("port")}
            onChange={(port) => put({ port })}
          />
          <NumberField
            label={t("settings.memory")}
            hint={t("settings.default_hint")}
            value={draft.memory_mb}
            error={save.field("memory_mb")}
            onChange={(memory_mb) => put({ memory_mb })}
          />
          <NumberField
            label={t("settings.cpu")}
            hint={t("settings.cpu_hint")}
            value={draft.cpu_milli}
            error={save.field("cpu_milli")}
            onChange={(cpu_milli) => put({ cpu_milli })}
          />
        </fieldset>
        <ErrorNote
          error={save.general(...Object.keys(draft))}
          onRetry={save.problem?.status === 412 ? reload : undefined}
          className="mt-4"
        />
        <div className="mt-4 flex flex-wrap items-start justify-between gap-3">
          <CommandHint command={command} />
          {may && (
            <span className="flex gap-2">
              {changed && <Button onClick={reload}>{t("common.discard")}</Button>}
              <Button type="submit" look="primary" busy={save.busy} disabled={!changed}>
                {t("common.save")}
              </Button>
            </span>
          )}
        </div>
      </form>
    </Section>
  );
}

interface NumberFieldProps {
  label: string;
  hint: string;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

function NumberField({ label, hint, value, error, onChange }: NumberFieldProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      <Input
        mono
        inputMode="numeric"
        value={value}
        onChange={(e) => onChange(e.target.value.replace(/\D/g, "").slice(0, 7))}
      />
    </Field>
  );
}
