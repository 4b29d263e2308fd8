import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import { keys } from "@/api/queries";
import type { SpaceCollection } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/feedback";
import { Checkbox } from "@/components/ui/field";
import { toast } from "@/components/ui/toast";
import { bytes } from "@/deployments/words";
import { num, t, tWord } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";

interface CollectDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** Says what would go before it goes. */
export function CollectDialog({ open, onOpenChange }: CollectDialogProps) {
  const client = useQueryClient();
  const [harder, setHarder] = useState(false);
  const would = useQuery({
    queryKey: [...keys.space, "would", harder] as const,
    queryFn: () => api.collectSpace(harder, true),
    enabled: open,
    staleTime: 0,
    gcTime: 0,
  });
  const collect = useAction(() => api.collectSpace(harder, false));
  const [failures, setFailures] = useState<string[]>([]);
  const close = () => {
    onOpenChange(false);
    setHarder(false);
    setFailures([]);
    collect.reset();
  };
  const go = async () => {
    const done = await collect.run();
    if (!done) return;
    void client.invalidateQueries({ queryKey: keys.space });
    toast(t("space.collected", { size: bytes(done.bytes) }));
    setFailures(done.failures);
    if (done.failures.length === 0) close();
  };
  return (
    <Dialog
      wide
      open={open}
      onOpenChange={close}
      title={t("space.collect_title")}
      description={t("space.collect_body")}
    >
      <div className="min-h-36" aria-busy={would.isFetching}>
        {would.data ? (
          <WhatGoes collection={would.data} />
        ) : would.error ? (
          <ErrorNote error={would.error} onRetry={() => void would.refetch()} />
        ) : (
          <p className="text-text-2" role="status">
            {t("space.looking")}
          </p>
        )}
      </div>
      <Checkbox
        className="mt-3"
        label={t("space.harder")}
        hint={t("space.harder_hint")}
        checked={harder}
        onChange={(e) => setHarder(e.target.checked)}
      />
      <ErrorNote error={collect.problem} className="mt-3" />
      {failures.length > 0 && (
        <div className="mt-3 rounded-md bg-warn-soft px-3 py-2 text-warn" role="alert">
          <p>{t("space.failures")}</p>
          <ul className="list-disc pl-5 text-sm" lang="en">
            {failures.map((why) => (
              <li key={why} className="break-words">
                {why}
              </li>
            ))}
          </ul>
        </div>
      )}
      <CommandHint
        className="mt-4"
        command={cli("space collect", undefined, ...(harder ? ["--harder"] : []))}
      />
      <DialogActions>
        <Button onClick={close}>{t("common.cancel")}</Button>
        <Button
          look="primary"
          busy={collect.busy}
          disabled={!would.data || would.data.count === 0}
          onClick={() => void go()}
        >
          {would.data?.bytes ? t("space.submit", { size: bytes(would.data.bytes) }) : t("space.submit_plain")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

// More would be no list to read.
const shown = 8;

function WhatGoes({ collection: c }: { collection: SpaceCollection }) {
  if (c.count === 0) return <p className="text-text-2">{t("space.would_nothing")}</p>;
  const largest = [...c.items].sort((a, b) => b.bytes - a.bytes).slice(0, shown);
  return (
    <>
      <p className="font-medium tabular-nums">{t("space.would", { size: bytes(c.bytes) })}</p>
      <ul className="mt-2 divide-y rounded-md border text-sm">
        {largest.map((item) => (
          <li
            key={`${item.kind} ${item.app} ${item.name}`}
            className="flex flex-wrap items-baseline gap-x-3 px-3 py-1.5"
          >
            <span className="min-w-0 flex-1 basis-48">
              {tWord("space.kinds", item.kind)}{" "}
              <span className="break-all font-mono text-text-2 text-xs">
                {[item.app, item.name].filter(Boolean).join(" ")}
              </span>
              <span className="block break-words text-text-3" lang="en">
                {item.why}
              </span>
            </span>
            <span className="tabular-nums">{bytes(item.bytes)}</span>
          </li>
        ))}
      </ul>
      {c.count > largest.length && (
        <p className="mt-1.5 text-sm text-text-3">
          {t("space.more_items", { n: num(c.count - largest.length) })}
        </p>
      )}
    </>
  );
}
