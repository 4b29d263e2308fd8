import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import { keys, queries } from "@/api/queries";
import type { Deployment } from "@/api/types";
import { toast } from "@/components/ui/toast";
import { t } from "@/i18n";
import { parseDotenv } from "@/lib/dotenv";
import { useAction } from "@/lib/form";
import {
  bodyOf,
  type Change,
  changesOf,
  type Draft,
  dirty,
  nothingStaged,
  othersChanges,
  type ReadConfig,
  type Stage,
  without,
  wrongRows,
  wrongValue,
} from "./stage";

/** What was read from a .env: how many vars, and the lines that were not understood. */
export interface Imported {
  count: number;
  bad: number[];
}

/**
 * The changes to an app's config that are not saved yet. They are held apart
 * from what the server has, so that a change by somebody else mingles with them
 * name by name and takes nothing away that was typed.
 */
export function useConfigStage(app: string, config: ReadConfig | undefined) {
  const client = useQueryClient();
  const [stage, setStage] = useState<Stage>(nothingStaged);
  // As it was when the first change was written down.
  const [base, setBase] = useState<ReadConfig>();
  // The server refused to save over a change that this page had not seen.
  const [refused, setRefused] = useState(false);
  const [deployment, setDeployment] = useState<Deployment>();
  const nextId = useRef(1);

  const isDirty = dirty(stage);
  const update = (change: (before: Stage) => Stage) => {
    setStage(change);
    if (!isDirty || !base) setBase(config);
  };
  const clear = () => {
    setStage(nothingStaged);
    setBase(undefined);
    setRefused(false);
    save.reset();
  };
  const row = (part: Partial<Draft> = {}): Draft => ({ id: nextId.current++, key: "", value: "", ...part });

  const items = config?.items ?? [];
  const changes = changesOf(items, stage);
  const others: Change[] = isDirty && base && config ? othersChanges(base, config) : [];

  const save = useAction(async () => {
    if (!config) return undefined;
    try {
      return await api.updateConfig(app, config.revision, bodyOf(changes));
    } catch (error) {
      if (asProblem(error).status !== 412) throw error;
      const fresh = await client.fetchQuery({ ...queries.config(app), staleTime: 0 });
      // Something else of the app was changed, and all values are as they were seen.
      if (fresh.can_read && othersChanges(config, fresh).length === 0) {
        return await api.updateConfig(app, fresh.revision, bodyOf(changesOf(fresh.items, stage)));
      }
      setRefused(true);
      return undefined;
    }
  });
  const submit = async () => {
    setRefused(false);
    const change = await save.run();
    if (!change) return false;
    clear();
    setDeployment(change.deployment);
    if (!change.deployment) toast(t("config.saved_only"));
    void client.invalidateQueries({ queryKey: keys.app(app) });
    return true;
  };

  return {
    stage,
    changes,
    others,
    refused,
    dirty: isDirty,
    wrong: wrongRows(stage),
    valid: wrongRows(stage).size === 0 && Object.values(stage.edits).every((value) => !wrongValue(value)),
    save,
    submit,
    deployment,
    forget: () => setDeployment(undefined),
    /** What others did has been read. */
    acknowledge: () => {
      setBase(config);
      setRefused(false);
    },
    discard: clear,
    undo: (key: string) => {
      const rest = without(stage, key);
      if (dirty(rest)) setStage(rest);
      else clear();
    },
    addRow: () => setStage((before) => ({ ...before, drafts: [...before.drafts, row()] })),
    putRow: (id: number, part: Partial<Draft>) =>
      update((before) => ({
        ...before,
        drafts: before.drafts.map((one) => (one.id === id ? { ...one, ...part } : one)),
      })),
    dropRow: (id: number) =>
      update((before) => ({ ...before, drafts: before.drafts.filter((one) => one.id !== id) })),
    dropRows: () => update((before) => ({ ...before, drafts: [] })),
    edit: (key: string, value: string) =>
      update((before) => ({ ...before, edits: { ...without(before, key).edits, [key]: value } })),
    remove: (key: string) =>
      update((before) => ({ ...without(before, key), removed: [...without(before, key).removed, key] })),
    /** Makes a row of each var of a .env, in the place of what was staged of the same names. */
    take: (text: string): Imported => {
      const { vars, bad } = parseDotenv(text);
      if (vars.length > 0) {
        update((before) => {
          const rest = vars.reduce((left, { key }) => without(left, key), before);
          const kept = rest.drafts.filter((one) => one.key !== "" || one.value !== "");
          return { ...rest, drafts: [...kept, ...vars.map((one) => row(one)), row()] };
        });
      }
      return { count: vars.length, bad };
    },
  };
}

export type ConfigStage = ReturnType<typeof useConfigStage>;
