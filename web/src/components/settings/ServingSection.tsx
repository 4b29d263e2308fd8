import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { App, UpdateApp } from "@/api/types";
import { ErrorNote } from "@/components/ui/feedback";
import { Field, Input } from "@/components/ui/field";
import { Section } from "@/components/ui/layout";
import { num, t } from "@/i18n";
import { cli } from "@/lib/command";
import { metricsQueries } from "@/metrics/queries";
import { useDraft } from "./draft";
import { SaveRow } from "./SaveRow";
import { useSaveApp } from "./save";

const valuesOf = (app: App) => ({
  health_path: app.health_path,
  port: app.port ? String(app.port) : "",
  memory_mb: app.memory_mb ? String(app.memory_mb) : "",
  cpu_milli: app.cpu_milli ? String(app.cpu_milli) : "",
});
type Name = keyof ReturnType<typeof valuesOf>;

const flags: Record<Name, string> = {
  health_path: "--health-path",
  port: "--port",
  memory_mb: "--memory",
  cpu_milli: "--cpu",
};

/** What the server takes, from and to; 0 is its "by itself" and is written as nothing. */
const bounds = {
  port: [1, 65_535],
  memory_mb: [16, 1_048_576],
  cpu_milli: [10, 1_000_000],
} as const;

function wrongWith(name: Name, value: string): string | undefined {
  if (value === "") return undefined;
  if (name === "health_path") return /^\/[^\s]*$/.test(value) ? undefined : t("settings.health_rule");
  const [least, most] = bounds[name];
  const n = Number(value);
  return n === 0 || (n >= least && n <= most)
    ? undefined
    : t("settings.bounds", { least: num(least), most: num(most) });
}

/** What an instance of the newest release that ran in the last hour may use; undefined while none is known. */
function useLimits(app: App): { memory_mb: number; cpu_milli: number } | undefined {
  const { data } = useQuery({
    ...metricsQueries.app(app.name, "1h"),
    enabled: app.live_release !== undefined,
    refetchInterval: false,
  });
  const newest = [...(data?.instances ?? [])].sort((a, b) => b.release - a.release)[0];
  if (!newest) return undefined;
  return { memory_mb: Math.round(newest.memory_limit_bytes / 2 ** 20), cpu_milli: newest.cpu_limit_milli };
}

/** How an app is probed and bounded; saving it deploys the live release anew. */
export function ServingSection({ app, may }: { app: App; may: boolean }) {
  const draft = useDraft(app, valuesOf);
  const save = useSaveApp(app, valuesOf);
  const limits = useLimits(app);
  // A field is not called wrong while it is still being typed.
  const [left, setLeft] = useState<ReadonlySet<Name>>(new Set());
  const { values, changed } = draft;
  const names = Object.keys(values) as Name[];

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setLeft(new Set(names));
    if (changed.length === 0 || names.some((name) => wrongWith(name, values[name]))) return;
    const change: UpdateApp = {};
    for (const name of changed) {
      if (name === "health_path") change[name] = values[name].trim();
      else change[name] = Number(values[name] || 0);
    }
    if (await save.run(change)) draft.reset();
  };
  const field = (name: Name) => ({
    error: (left.has(name) && wrongWith(name, values[name])) || save.field(name) || undefined,
    control: {
      mono: true,
      value: values[name],
      onBlur: () => setLeft(new Set(left).add(name)),
      onChange: (e: { target: { value: string } }) =>
        draft.put(
          name,
          name === "health_path" ? e.target.value.trim() : e.target.value.replace(/\D/g, "").slice(0, 7),
        ),
    },
  });
  const number = (name: "port" | "memory_mb" | "cpu_milli", label: string, hint: string, now?: string) => {
    const { error, control } = field(name);
    const default_ = name !== "port" && app[name] === 0 && limits ? String(limits[name]) : undefined;
    return (
      <Field
        label={label}
        error={error}
        hint={
          <Hints
            all={[
              hint,
              t("settings.bounds", { least: num(bounds[name][0]), most: num(bounds[name][1]) }),
              now,
            ]}
            news={draft.news(name)}
          />
        }
      >
        <Input {...control} inputMode="numeric" placeholder={default_} />
      </Field>
    );
  };
  const health = field("health_path");
  return (
    <Section title={t("settings.serving")} hint={t("settings.serving_hint")}>
      <form onSubmit={submit} noValidate>
        <fieldset disabled={!may} className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          <Field
            label={t("settings.health")}
            error={health.error}
            hint={<Hints all={[t("settings.health_hint")]} news={draft.news("health_path")} />}
          >
            <Input {...health.control} placeholder="/healthz" />
          </Field>
          {number("port", t("settings.port"), t("settings.port_hint"))}
          {number(
            "memory_mb",
            t("settings.memory"),
            t("settings.default_hint"),
            limits && limits.memory_mb > 0
              ? t("settings.memory_now", { n: num(limits.memory_mb) })
              : undefined,
          )}
          {number(
            "cpu_milli",
            t("settings.cpu"),
            t("settings.cpu_hint"),
            limits && limits.cpu_milli > 0 ? t("settings.cpu_now", { n: num(limits.cpu_milli) }) : undefined,
          )}
        </fieldset>
        <ErrorNote error={save.general(...names)} className="mt-4" />
        <SaveRow
          command={cli(
            "settings",
            app.name,
            ...changed.flatMap((name) => [
              flags[name],
              values[name].trim() || (name === "health_path" ? "" : "0"),
            ]),
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

/** What there is to know of a field, and what somebody else made of it meanwhile. */
export function Hints({ all, news }: { all: (string | undefined)[]; news: string | undefined }) {
  return (
    <>
      {all.filter(Boolean).join(" ")}
      {news && <span className="block text-warn">{news}</span>}
    </>
  );
}
