import { type FormEvent, useState } from "react";
import type { App, UpdateApp } from "@/api/types";
import { ErrorNote } from "@/components/ui/feedback";
import { Checkbox, Field, Input } from "@/components/ui/field";
import { Section } from "@/components/ui/layout";
import { num, t } from "@/i18n";
import { cli } from "@/lib/command";
import { useDraft } from "./draft";
import { SaveRow } from "./SaveRow";
import { Hints } from "./ServingSection";
import { useSaveApp } from "./save";

const valuesOf = (app: App) => ({
  supersede_building: app.supersede_building ? "true" : "",
  stop_first: app.stop_first ? "true" : "",
  warm_minutes: String(app.warm_minutes),
  watch_minutes: String(app.watch_minutes),
});
type Name = keyof ReturnType<typeof valuesOf>;
type Switch = "supersede_building" | "stop_first";
type Minutes = "warm_minutes" | "watch_minutes";

const flags: Record<Name, string> = {
  supersede_building: "--supersede-building",
  stop_first: "--stop-first",
  warm_minutes: "--warm-minutes",
  watch_minutes: "--watch-minutes",
};

// As the server has it.
const most: Record<Minutes, number> = { warm_minutes: 1440, watch_minutes: 60 };
const minutes = Object.keys(most) as Minutes[];

const wrongWith = (name: Minutes, value: string): string | undefined =>
  value === "" || Number(value) > most[name]
    ? t("settings.bounds", { least: 0, most: num(most[name]) })
    : undefined;

/** How one deployment follows another: what a newer one stops, and how one is taken back. */
export function DeployingSection({ app, may }: { app: App; may: boolean }) {
  const draft = useDraft(app, valuesOf);
  const save = useSaveApp(app, valuesOf);
  const [left, setLeft] = useState<ReadonlySet<Minutes>>(new Set());
  const { values, changed } = draft;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setLeft(new Set(minutes));
    if (changed.length === 0 || minutes.some((name) => wrongWith(name, values[name]))) return;
    const change: UpdateApp = {};
    for (const name of changed) {
      if (name === "warm_minutes" || name === "watch_minutes") change[name] = Number(values[name]);
      else change[name] = values[name] !== "";
    }
    if (await save.run(change)) draft.reset();
  };
  const number = (name: Minutes, label: string, hint: string) => (
    <Field
      label={label}
      error={(left.has(name) && wrongWith(name, values[name])) || save.field(name) || undefined}
      hint={<Hints all={[hint]} news={draft.news(name)} />}
    >
      <Input
        mono
        inputMode="numeric"
        value={values[name]}
        onBlur={() => setLeft(new Set(left).add(name))}
        onChange={(e) => draft.put(name, e.target.value.replace(/\D/g, "").slice(0, 5))}
      />
    </Field>
  );
  const choice = (name: Switch, label: string, ...hints: string[]) => (
    <Checkbox
      label={label}
      hint={<Hints all={hints} news={undefined} />}
      checked={values[name] !== ""}
      onChange={(e) => draft.put(name, e.target.checked ? "true" : "")}
    />
  );
  return (
    <Section title={t("deploying.title")} hint={t("deploying.hint")}>
      <form onSubmit={submit} noValidate>
        <fieldset disabled={!may} className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          {number("warm_minutes", t("deploying.warm"), t("deploying.warm_hint"))}
          {number("watch_minutes", t("deploying.watch"), t("deploying.watch_hint"))}
          <div className="space-y-4 sm:col-span-2">
            {choice("supersede_building", t("deploying.supersede"), t("deploying.supersede_hint"))}
            {choice(
              "stop_first",
              t("deploying.stop_first"),
              t("deploying.stop_first_hint"),
              t("deploying.stop_first_volume"),
            )}
          </div>
        </fieldset>
        <ErrorNote error={save.general(...minutes, "supersede_building", "stop_first")} className="mt-4" />
        <SaveRow
          command={cli(
            "settings",
            app.name,
            ...changed.flatMap((name) =>
              name === "supersede_building" || name === "stop_first"
                ? [`${flags[name]}=${values[name] !== ""}`]
                : [flags[name], values[name] || "0"],
            ),
          )}
          may={may}
          changed={changed.length > 0}
          busy={save.busy}
          clash={save.clash}
          onDiscard={() => {
            draft.reset();
            save.reset();
            setLeft(new Set());
          }}
        />
      </form>
    </Section>
  );
}
