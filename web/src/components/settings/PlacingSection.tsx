import { type FormEvent, useState } from "react";
import type { App, UpdateApp } from "@/api/types";
import { ErrorNote } from "@/components/ui/feedback";
import { Field, Input } from "@/components/ui/field";
import { Section } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useDraft } from "./draft";
import { SaveRow } from "./SaveRow";
import { Hints } from "./ServingSection";
import { useSaveApp } from "./save";

const valuesOf = (app: App) => ({
  placement: Object.entries(app.placement)
    .map(([label, value]) => `${label}=${value}`)
    .sort()
    .join(" "),
  reserve_memory_mb: app.reserve_memory_mb ? String(app.reserve_memory_mb) : "",
  reserve_cpu_milli: app.reserve_cpu_milli ? String(app.reserve_cpu_milli) : "",
});
type Name = keyof ReturnType<typeof valuesOf>;

const wordsOf = (text: string) => text.trim().split(/\s+/).filter(Boolean);

/** The labels that were typed, undefined where they cannot be read. */
function labelsOf(text: string): Record<string, string> | undefined {
  const pairs = wordsOf(text).map((word) => /^([^=]+)=([^=]+)$/.exec(word));
  if (pairs.includes(null)) return undefined;
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? "", pair?.[2] ?? ""]));
}

/** Which nodes may run an app, and what they must have free; saving it deploys the live release anew. */
export function PlacingSection({ app, may }: { app: App; may: boolean }) {
  const draft = useDraft(app, valuesOf);
  const save = useSaveApp(app, valuesOf);
  const [tried, setTried] = useState(false);
  const { values, changed } = draft;
  const names = Object.keys(values) as Name[];
  const labels = labelsOf(values.placement);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (changed.length === 0 || !labels) return;
    const change: UpdateApp = {};
    for (const name of changed) {
      if (name === "placement") change.placement = labels;
      else change[name] = Number(values[name] || 0);
    }
    if (await save.run(change)) draft.reset();
  };
  const flags = changed.flatMap((name) => {
    if (name === "reserve_memory_mb") return ["--reserve-memory", values[name] || "0"];
    if (name === "reserve_cpu_milli") return ["--reserve-cpu", values[name] || "0"];
    const words = wordsOf(values.placement);
    return (words.length ? words : [""]).flatMap((word) => ["--placement", word]);
  });
  const number = (name: "reserve_memory_mb" | "reserve_cpu_milli", label: string) => (
    <Field
      label={label}
      error={save.field(name)}
      hint={<Hints all={[t("settings.reserve_hint")]} news={draft.news(name)} />}
    >
      <Input
        mono
        inputMode="numeric"
        value={values[name]}
        onChange={(e) => draft.put(name, e.target.value.replace(/\D/g, "").slice(0, 7))}
      />
    </Field>
  );
  return (
    <Section title={t("settings.placing")} hint={t("settings.placing_hint")}>
      <form onSubmit={submit} noValidate>
        <fieldset disabled={!may} className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          <Field
            label={t("settings.placement")}
            error={(tried && !labels && t("settings.placement_rule")) || save.field("placement")}
            hint={<Hints all={[t("settings.placement_hint")]} news={draft.news("placement")} />}
            className="sm:col-span-2"
          >
            <Input
              mono
              placeholder="disk=ssd"
              value={values.placement}
              onChange={(e) => draft.put("placement", e.target.value)}
            />
          </Field>
          {number("reserve_memory_mb", t("settings.reserve_memory"))}
          {number("reserve_cpu_milli", t("settings.reserve_cpu"))}
        </fieldset>
        <ErrorNote error={save.general(...names)} className="mt-4" />
        <SaveRow
          command={cli("settings", app.name, ...flags)}
          may={may}
          changed={changed.length > 0}
          busy={save.busy}
          clash={save.clash}
          onDiscard={() => {
            draft.reset();
            save.reset();
            setTried(false);
          }}
        />
      </form>
    </Section>
  );
}
