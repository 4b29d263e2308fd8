import type { FormEvent } from "react";
import type { App } from "@/api/types";
import { ErrorNote } from "@/components/ui/feedback";
import { Field, Input, Select } from "@/components/ui/field";
import { Section } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useDraft } from "./draft";
import { SaveRow } from "./SaveRow";
import { Hints } from "./ServingSection";
import { useSaveApp } from "./save";

const valuesOf = (app: App) => ({ branch: app.branch, builder: app.builder, dockerfile: app.dockerfile });
type Name = keyof ReturnType<typeof valuesOf>;

/** What is built of the source, and how; it holds from the next build on. */
export function BuildSection({ app, may }: { app: App; may: boolean }) {
  const draft = useDraft(app, valuesOf);
  const save = useSaveApp(app, valuesOf);
  const { values, changed } = draft;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (changed.length === 0) return;
    const change = Object.fromEntries(changed.map((name) => [name, values[name].trim()]));
    if (await save.run(change)) draft.reset();
  };
  const control = (name: Name) => ({
    value: values[name],
    onChange: (e: { target: { value: string } }) => draft.put(name, e.target.value),
  });
  return (
    <Section title={t("settings.build")} hint={t("settings.build_hint")}>
      <form onSubmit={submit} noValidate>
        <fieldset disabled={!may} className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          <Field
            label={t("settings.branch")}
            hint={<Hints all={[t("settings.branch_hint")]} news={draft.news("branch")} />}
            error={save.field("branch")}
          >
            <Input mono {...control("branch")} />
          </Field>
          <Field
            label={t("settings.builder")}
            hint={<Hints all={[]} news={draft.news("builder")} />}
            error={save.field("builder")}
          >
            <Select {...control("builder")}>
              <option value="">{t("builder.auto")}</option>
              <option value="dockerfile">{t("builder.dockerfile")}</option>
              <option value="static">{t("builder.static")}</option>
              {app.builder === "image" && <option value="image">{t("builder.image")}</option>}
            </Select>
          </Field>
          <Field
            label={t("settings.dockerfile")}
            hint={<Hints all={[t("settings.dockerfile_hint")]} news={draft.news("dockerfile")} />}
            error={save.field("dockerfile")}
          >
            <Input mono placeholder="Dockerfile" {...control("dockerfile")} />
          </Field>
        </fieldset>
        <ErrorNote error={save.general("branch", "builder", "dockerfile")} className="mt-4" />
        <SaveRow
          command={cli(
            "settings",
            app.name,
            ...changed.flatMap((name) => [`--${name}`, values[name].trim()]),
          )}
          may={may}
          changed={changed.length > 0}
          busy={save.busy}
          clash={save.clash}
          onDiscard={() => {
            draft.reset();
            save.reset();
          }}
        />
      </form>
    </Section>
  );
}
