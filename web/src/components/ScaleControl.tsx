import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Minus, Plus } from "lucide-react";
import { useState } from "react";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import { type App, can } from "@/api/types";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { Button, IconButton } from "./ui/button";
import { CommandHint } from "./ui/copy";
import { ErrorNote } from "./ui/feedback";
import { Section } from "./ui/layout";
import { toast } from "./ui/toast";

const most = 50;

/** How many instances of each process are wanted; changes are sent together. */
export function ScaleControl({ app }: { app: App }) {
  const [draft, setDraft] = useState<Record<string, number>>({});
  const { data: me } = useQuery(queries.session());
  const client = useQueryClient();
  const scale = useAction((wanted: Record<string, number>) => api.scale(app.name, wanted));
  const may = can(me, "deploy");
  const changed = Object.fromEntries(
    Object.entries(draft).filter(([process, n]) => n !== app.scale[process]),
  );
  const some = Object.keys(changed).length > 0;

  const apply = async () => {
    const result = await scale.run(changed);
    if (!result) return;
    setDraft({});
    void client.invalidateQueries({ queryKey: keys.app(app.name) });
    toast(t("scale.done", { app: app.name }));
  };
  const set = (process: string, n: number) =>
    setDraft((before) => ({ ...before, [process]: Math.max(0, Math.min(most, n)) }));
  return (
    <Section title={t("scale.title")} hint={t("scale.hint")}>
      <ul className="space-y-2.5">
        {Object.entries(app.scale).map(([process, now]) => {
          const wanted = draft[process] ?? now;
          return (
            <li key={process} className="flex items-center justify-between gap-3">
              <span className="font-mono text-sm">{process}</span>
              <span className="flex items-center gap-1">
                <IconButton
                  look="plain"
                  label={t("scale.fewer", { process })}
                  disabled={!may || wanted <= 0}
                  onClick={() => set(process, wanted - 1)}
                >
                  <Minus size={14} aria-hidden />
                </IconButton>
                <input
                  type="number"
                  min={0}
                  max={most}
                  inputMode="numeric"
                  aria-label={t("scale.of", { process })}
                  disabled={!may}
                  className="control w-16 text-center [appearance:textfield]"
                  value={wanted}
                  onChange={(e) => set(process, Number.parseInt(e.target.value, 10) || 0)}
                />
                <IconButton
                  look="plain"
                  label={t("scale.more", { process })}
                  disabled={!may || wanted >= most}
                  onClick={() => set(process, wanted + 1)}
                >
                  <Plus size={14} aria-hidden />
                </IconButton>
              </span>
            </li>
          );
        })}
      </ul>
      <ErrorNote error={scale.problem} className="mt-3" />
      {some && (
        <div className="mt-3 flex flex-wrap items-center justify-end gap-2">
          <Button onClick={() => setDraft({})}>{t("common.cancel")}</Button>
          <Button look="primary" busy={scale.busy} onClick={() => void apply()}>
            {t("scale.apply")}
          </Button>
        </div>
      )}
      <CommandHint
        className="mt-3"
        command={cli(
          "ps scale",
          app.name,
          ...Object.entries({ ...app.scale, ...draft }).map(([process, n]) => `${process}=${n}`),
        )}
      />
    </Section>
  );
}
