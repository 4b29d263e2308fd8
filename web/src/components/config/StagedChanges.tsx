import { Minus, Pencil, Plus, Undo2 } from "lucide-react";
import type { ReactNode } from "react";
import { Button, IconButton } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { ErrorNote } from "@/components/ui/feedback";
import { Card } from "@/components/ui/layout";
import { t, tn } from "@/i18n";
import { cli } from "@/lib/command";
import { cx } from "@/lib/cx";
import type { Change, ChangeKind } from "./stage";
import type { ConfigStage } from "./useConfigStage";

const signs: Record<ChangeKind, [tone: string, icon: ReactNode]> = {
  added: ["text-ok", <Plus key="i" size={15} aria-hidden />],
  changed: ["text-warn", <Pencil key="i" size={14} aria-hidden />],
  removed: ["text-bad", <Minus key="i" size={15} aria-hidden />],
};

/** The commands that save the same; names alone, since values are asked for. */
export function commandsOf(app: string, changes: Change[]): string {
  const set = changes.filter((change) => change.kind !== "removed").map((change) => change.key);
  const unset = changes.filter((change) => change.kind === "removed").map((change) => change.key);
  return [
    ...(set.length > 0 ? [cli("config set", app, ...set)] : []),
    ...(unset.length > 0 ? [cli("config unset", app, ...unset)] : []),
  ].join("\n");
}

/** What saving will change, each to be taken back, and the saving of it. */
export function StagedChanges({
  app,
  staged,
  onSave,
  onDiscard,
}: {
  app: string;
  staged: ConfigStage;
  onSave: () => void;
  onDiscard: () => void;
}) {
  const { changes, others, save } = staged;
  return (
    <section aria-label={t("config.changes")} className="sticky bottom-3 z-10 mt-5">
      <Card className="border-accent/50! p-3 shadow-2! sm:p-4 sm:px-5">
        <div className="flex flex-wrap items-baseline justify-between gap-x-4">
          <h2 className="font-semibold">{t("config.changes")}</h2>
          <p className="text-sm text-text-3 max-sm:sr-only">{t("config.changes_hint")}</p>
        </div>
        {(others.length > 0 || staged.refused) && <Others staged={staged} />}
        {changes.length === 0 ? (
          <p className="mt-2 text-text-2">{t("config.no_difference")}</p>
        ) : (
          <ul
            className="-mx-1 mt-2 max-h-20 overflow-y-auto px-1 sm:max-h-44"
            aria-label={t("config.changes")}
          >
            {changes.map((change) => (
              <ChangeRow
                key={change.key}
                change={change}
                disputed={others.some((one) => one.key === change.key)}
                onUndo={() => staged.undo(change.key)}
              />
            ))}
          </ul>
        )}
        <ErrorNote error={save.problem} className="mt-3" />
        <div className="mt-3 flex flex-wrap items-center justify-between gap-3">
          {changes.length > 0 ? <CommandHint command={commandsOf(app, changes)} /> : <span />}
          <span className="ml-auto flex flex-wrap justify-end gap-2">
            <Button onClick={onDiscard}>{t("config.discard_all")}</Button>
            <Button look="primary" busy={save.busy} disabled={changes.length === 0} onClick={onSave}>
              {changes.length > 1 ? tn("config.save_many", changes.length) : t("config.save_deploy")}
            </Button>
          </span>
        </div>
      </Card>
    </section>
  );
}

function ChangeRow({
  change: { key, kind },
  disputed,
  onUndo,
}: {
  change: Change;
  disputed: boolean;
  onUndo: () => void;
}) {
  const [tone, icon] = signs[kind];
  return (
    <li className="flex items-center gap-2 py-0.5 text-sm">
      <span className={cx("inline-flex w-24 shrink-0 items-center gap-1.5", tone)}>
        {icon}
        {t(`config.${kind}`)}
      </span>
      <span className="min-w-0 flex-1">
        <span className={cx("break-all font-mono", kind === "removed" && "line-through")}>{key}</span>
        {disputed && <span className="ml-2 text-warn">{t("config.disputed")}</span>}
      </span>
      <span className="hidden shrink-0 whitespace-nowrap font-mono text-text-3 sm:inline" aria-hidden>
        {kind === "changed" ? "•••••• → ••••••" : "••••••"}
      </span>
      <IconButton label={t("config.undo", { key })} onClick={onUndo}>
        <Undo2 size={15} aria-hidden />
      </IconButton>
    </li>
  );
}

/** What somebody else did to the config while changes were being written down. */
function Others({ staged: { others, refused, acknowledge } }: { staged: ConfigStage }) {
  const named = (kind: ChangeKind) => others.filter((one) => one.kind === kind).map((one) => one.key);
  return (
    <div role="alert" className="mt-3 rounded-md bg-warn-soft px-3 py-2.5 text-warn">
      <p>{others.length > 0 ? t("config.others") : t("config.others_unseen")}</p>
      <ul className="text-sm">
        {(["added", "changed", "removed"] as const).map(
          (kind) =>
            named(kind).length > 0 && (
              <li key={kind}>
                {t(`config.${kind}`)}: <span className="break-all font-mono">{named(kind).join(", ")}</span>
              </li>
            ),
        )}
      </ul>
      <div className="mt-1 flex flex-wrap items-center justify-between gap-2 text-sm">
        <span>{refused ? t("config.save_again") : t("config.others_kept")}</span>
        <Button size="sm" onClick={acknowledge}>
          {t("config.others_seen")}
        </Button>
      </div>
    </div>
  );
}
