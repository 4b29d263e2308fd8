import type { api } from "@/api/client";
import type { ConfigItem } from "@/api/types";
import type { PlainKey } from "@/i18n";

/** The config vars of an app as they were read, with the app's revision then. */
export type ReadConfig = Awaited<ReturnType<typeof api.config>>;

/** A var that is being written down; id tells rows with the same name apart. */
export interface Draft {
  id: number;
  key: string;
  value: string;
}

/** What a person wants changed and has not saved. */
export interface Stage {
  drafts: Draft[];
  /** New values of vars that are there, by name. */
  edits: Record<string, string>;
  removed: string[];
}

export type ChangeKind = "added" | "changed" | "removed";

/** One difference that saving makes. */
export interface Change {
  key: string;
  kind: ChangeKind;
  /** Absent for one that is removed. */
  value?: string;
}

export const nothingStaged: Stage = { drafts: [], edits: {}, removed: [] };

export const filledIn = ({ drafts }: Stage) => drafts.filter((row) => row.key !== "" || row.value !== "");

/** Whether anything is written down, whether or not it makes a difference. */
export function dirty(stage: Stage): boolean {
  return filledIn(stage).length > 0 || Object.keys(stage.edits).length > 0 || stage.removed.length > 0;
}

/** What saving makes different from the vars that there are, in the order of names. */
export function changesOf(items: ConfigItem[], stage: Stage): Change[] {
  const now = new Map(items.map((item) => [item.key, item]));
  const wanted = new Map(Object.entries(stage.edits));
  for (const row of filledIn(stage)) if (row.key) wanted.set(row.key, row.value);
  const changes: Change[] = [];
  for (const [key, value] of wanted) {
    const item = now.get(key);
    if (item?.value === value) continue;
    changes.push({ key, kind: item ? "changed" : "added", value });
  }
  for (const key of stage.removed) {
    if (now.has(key) && !wanted.has(key)) changes.push({ key, kind: "removed" });
  }
  return changes.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** The change as the API takes it. */
export function bodyOf(changes: Change[]): { set?: Record<string, string>; unset?: string[] } {
  const set = changes.filter((change) => change.kind !== "removed");
  const unset = changes.filter((change) => change.kind === "removed").map((change) => change.key);
  return {
    set: set.length > 0 ? Object.fromEntries(set.map(({ key, value }) => [key, value ?? ""])) : undefined,
    unset: unset.length > 0 ? unset : undefined,
  };
}

/** The stage without what it has of one name. */
export function without(stage: Stage, key: string): Stage {
  const { [key]: _, ...edits } = stage.edits;
  return {
    drafts: stage.drafts.filter((row) => row.key !== key),
    edits,
    removed: stage.removed.filter((one) => one !== key),
  };
}

/** What differs between two readings: what somebody else did meanwhile. */
export function othersChanges(before: ReadConfig, after: ReadConfig): Change[] {
  const edits: Record<string, string> = {};
  const old = new Map(before.items.map((item) => [item.key, item.value]));
  for (const { key, value } of after.items) {
    if (!old.has(key) || (value !== undefined && old.get(key) !== value)) edits[key] = value ?? "";
  }
  const kept = new Set(after.items.map((item) => item.key));
  const removed = before.items.map((item) => item.key).filter((key) => !kept.has(key));
  return changesOf(before.items, { drafts: [], edits, removed });
}

const keyRule = /^[A-Za-z_][A-Za-z0-9_]{0,199}$/;
const largestValue = 32 * 1024;

/** What the server would refuse a var for. */
export function wrongWith({ key, value }: Pick<Draft, "key" | "value">): PlainKey | undefined {
  if (key === "") return value === "" ? undefined : "config.key_missing";
  if (!keyRule.test(key)) return "config.key_rule";
  if (key === "PORT" || key.startsWith("SLIPWAY_")) return "config.key_reserved";
  return wrongValue(value);
}

export function wrongValue(value: string): PlainKey | undefined {
  if (value.includes("\0")) return "config.value_nul";
  if (new TextEncoder().encode(value).length > largestValue) return "config.value_long";
  return undefined;
}

/** What is wrong with each row, by its id: a name that occurs twice is wrong the second time. */
export function wrongRows(stage: Stage): Map<number, PlainKey> {
  const wrong = new Map<number, PlainKey>();
  const seen = new Set(Object.keys(stage.edits));
  for (const row of filledIn(stage)) {
    const why = wrongWith(row) ?? (seen.has(row.key) ? "config.key_twice" : undefined);
    if (why) wrong.set(row.id, why);
    seen.add(row.key);
  }
  return wrong;
}
