import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Minus, Plus, TriangleAlert, Undo2 } from "lucide-react";
import { type KeyboardEvent, useId, useState } from "react";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import { type App, can } from "@/api/types";
import { num, t, tn } from "@/i18n";
import { cli } from "@/lib/command";
import { type Action, useAction } from "@/lib/form";
import { compareProcess } from "@/metrics/model";
import { PlanPreview } from "@/plan/PlanPreview";
import { useSettled } from "@/plan/useSettled";
import { type Effect, effectsOf, mostInstances, parseCount } from "./overview/scaling";
import { Button, IconButton } from "./ui/button";
import { CommandHint } from "./ui/copy";
import { ErrorNote } from "./ui/feedback";

type Counts = Record<string, number>;

export interface Scaling {
  app: App;
  may: boolean;
  /** What was typed, by process; only those that were touched. */
  draft: Record<string, string>;
  set: (process: string, text: string) => void;
  discard: () => void;
  /** What would change; undefined while something typed is no number. */
  changed: Counts | undefined;
  action: Action<[Counts], unknown>;
  apply: (wanted: Counts) => Promise<void>;
  /** What was wanted before the last change, while it can be undone. */
  before: Counts | undefined;
}

/** What a person is about to scale. It is kept when the app changes underneath. */
export function useScaling(app: App): Scaling {
  const [draft, setDraft] = useState<Record<string, string>>({});
  const [before, setBefore] = useState<Counts>();
  const { data: me } = useQuery(queries.session());
  const client = useQueryClient();
  const action = useAction((wanted: Counts) => api.scale(app.name, wanted));

  const changed: Counts = {};
  let wrong = false;
  for (const [process, text] of Object.entries(draft)) {
    const n = parseCount(text);
    if (n === undefined) wrong = true;
    else if (n !== app.scale[process]) changed[process] = n;
  }
  const apply = async (wanted: Counts) => {
    const old = Object.fromEntries(Object.keys(wanted).map((process) => [process, app.scale[process] ?? 0]));
    if (!(await action.run(wanted))) return;
    setDraft({});
    setBefore(old);
    await client.invalidateQueries({ queryKey: keys.app(app.name) });
  };
  return {
    app,
    may: can(me, "deploy"),
    draft,
    set: (process, text) => {
      setBefore(undefined);
      setDraft((all) => ({ ...all, [process]: text }));
    },
    discard: () => {
      setDraft({});
      action.reset();
    },
    changed: wrong ? undefined : changed,
    action,
    apply,
    before,
  };
}

/** How many instances of one process are wanted. */
export function ScaleStepper({ scaling, process }: { scaling: Scaling; process: string }) {
  const id = useId();
  const { app, draft, may, set } = scaling;
  const now = app.scale[process] ?? 0;
  const text = draft[process] ?? String(now);
  const n = parseCount(text);
  const refused = scaling.action.field(process, "scale");
  const error = n === undefined ? t("scale.invalid", { most: mostInstances }) : refused;
  const step = (by: number) => set(process, String(Math.max(0, Math.min(mostInstances, (n ?? now) + by))));
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    step(event.key === "ArrowUp" ? 1 : -1);
  };
  return (
    <div className="flex flex-col items-end">
      <div className="flex items-center gap-1">
        <IconButton
          label={t("scale.fewer", { process })}
          disabled={!may || (n ?? now) <= 0}
          onClick={() => step(-1)}
        >
          <Minus size={14} aria-hidden />
        </IconButton>
        <input
          inputMode="numeric"
          autoComplete="off"
          aria-label={t("scale.of", { process })}
          aria-invalid={error !== undefined || undefined}
          aria-describedby={error ? id : undefined}
          disabled={!may}
          className="control w-12! min-h-8! px-1! py-1! text-center tabular-nums"
          value={text}
          onChange={(e) => set(process, e.target.value)}
          onKeyDown={onKeyDown}
        />
        <IconButton
          label={t("scale.more", { process })}
          disabled={!may || (n ?? now) >= mostInstances}
          onClick={() => step(1)}
        >
          <Plus size={14} aria-hidden />
        </IconButton>
      </div>
      {error && (
        <p id={id} role="alert" className="mt-1 text-bad text-sm">
          {error}
        </p>
      )}
    </div>
  );
}

function effectWords(effect: Effect, app: string): string {
  const { n } = effect;
  switch (effect.kind) {
    case "more":
      return effect.web ? tn("scale.more_web", n) : tn("scale.more_of", n);
    case "fewer":
      return tn("scale.fewer_of", n);
    case "first":
      return effect.web ? t("scale.first_web", { app, n: num(n) }) : t("scale.first_of", { n: num(n) });
    case "none":
      return effect.web ? t("scale.none_web", { app }) : t("scale.none_of");
  }
}

/** What is about to change and what follows from it, with the way there and back. */
export function ScaleChange({ scaling }: { scaling: Scaling }) {
  const { app, action, changed, draft, before } = scaling;
  const some = changed !== undefined && Object.keys(changed).length > 0;
  const touched = some || changed === undefined;
  const effects = some ? effectsOf(app.scale, changed) : [];
  const command = cli(
    "ps scale",
    app.name,
    ...Object.entries({ ...app.scale, ...changed })
      .sort(([a], [b]) => compareProcess(a, b))
      .map(([process, n]) => `${process}=${n}`),
  );
  return (
    <div className="px-4 pt-2 pb-3 sm:px-5">
      {touched && (
        <div className="mb-2 rounded-md bg-surface-2 px-3 py-2.5">
          <ul className="space-y-1" aria-live="polite">
            {effects.map((effect) => (
              <li key={effect.process} className="flex gap-2">
                {effect.kind === "none" && effect.web && (
                  <TriangleAlert size={15} className="mt-1 shrink-0 text-warn" aria-hidden />
                )}
                <span>
                  <span className="font-mono text-sm">
                    {effect.process} {app.scale[effect.process] ?? 0} → {changed?.[effect.process]}
                  </span>
                  <span className="block text-sm text-text-2">{effectWords(effect, app.name)}</span>
                </span>
              </li>
            ))}
          </ul>
          {some && <ScalePlan app={app} wanted={changed} />}
          <ErrorNote error={action.general(...Object.keys(draft), "scale")} className="mt-2" />
          <div className="mt-2 flex flex-wrap justify-end gap-2">
            <Button size="sm" onClick={scaling.discard}>
              {t("common.discard")}
            </Button>
            <Button
              size="sm"
              look="primary"
              busy={action.busy}
              disabled={!some}
              onClick={() => changed && void scaling.apply(changed)}
            >
              {t("scale.apply")}
            </Button>
          </div>
        </div>
      )}
      {!touched && before && (
        <div className="mb-2 flex flex-wrap items-center justify-between gap-2 rounded-md bg-ok-soft px-3 py-1.5 text-ok text-sm">
          <span role="status">{t("scale.done", { scale: scaleWords(app.scale, before) })}</span>
          <Button size="sm" busy={action.busy} onClick={() => void scaling.apply(before)}>
            <Undo2 size={14} aria-hidden />
            {t("scale.undo", { scale: scaleWords(before, before) })}
          </Button>
        </div>
      )}
      {!touched && before && <ErrorNote error={action.problem} className="mb-2" />}
      <CommandHint command={command} />
    </div>
  );
}

/** What a scale would do, once nothing was typed for a moment. */
function ScalePlan({ app, wanted }: { app: App; wanted: Counts }) {
  const settled = useSettled(JSON.stringify(wanted), 400);
  const scale: Counts = JSON.parse(settled);
  return <PlanPreview className="mt-2" app={app.name} change={{ scale }} />;
}

/** "web=2 worker=1", of the processes that are asked for. */
function scaleWords(scale: Counts, of: Counts): string {
  return Object.keys(of)
    .sort(compareProcess)
    .map((process) => `${process}=${scale[process] ?? 0}`)
    .join(" ");
}
