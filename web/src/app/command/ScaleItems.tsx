import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Boxes } from "lucide-react";
import { useState } from "react";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import { keys, queries } from "@/api/queries";
import { ErrorNote } from "@/components/ui/feedback";
import { toast } from "@/components/ui/toast";
import { num, t } from "@/i18n";
import { Item } from "./Palette";

/** One line for each process, with the number that was typed. */
export function ScaleItems({ app: name, typed, done }: { app: string; typed: string; done: () => void }) {
  const { data: app } = useQuery(queries.app(name));
  const client = useQueryClient();
  const [problem, setProblem] = useState<unknown>();
  const number = /\d+/.exec(typed)?.[0];
  const wanted = number === undefined ? undefined : Number(number);
  const scale = async (process: string, count: number) => {
    try {
      await api.scale(name, { [process]: count });
    } catch (error) {
      setProblem(asProblem(error));
      return;
    }
    toast(t("palette.scaled", { app: name, process, n: num(count) }));
    void client.invalidateQueries({ queryKey: keys.app(name) });
    done();
  };
  return (
    <>
      <ErrorNote error={problem} className="m-1.5" />
      {Object.entries(app?.scale ?? {}).map(([process, now]) => (
        <Item
          key={process}
          id={`scale ${process}`}
          icon={<Boxes size={15} aria-hidden />}
          onSelect={() => wanted !== undefined && void scale(process, wanted)}
          end={
            <span className="font-mono text-sm tabular-nums">
              {num(now)}
              {wanted !== undefined && wanted !== now && ` → ${num(wanted)}`}
            </span>
          }
        >
          {process}
        </Item>
      ))}
      <p className="px-2.5 py-2 text-sm text-text-3">{t("palette.scale_hint")}</p>
    </>
  );
}
