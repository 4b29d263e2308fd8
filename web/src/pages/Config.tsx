import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Eye, EyeOff, Lock, SlidersHorizontal } from "lucide-react";
import { useState } from "react";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import { type ConfigItem, can } from "@/api/types";
import { Page } from "@/app/Page";
import { ConfigEditor } from "@/components/ConfigEditor";
import { ConfigRow } from "@/components/ConfigRow";
import { tellConfigChange } from "@/components/configchange";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Empty, ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Card, PageHead, Rows } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { useTitle } from "@/lib/title";

/** The config vars of an app. */
export default function Config() {
  const { app } = useParams({ from: "/shell/apps/$app/config" });
  useTitle(t("tab.config"), app);
  const { data, error, isPending, refetch } = useQuery(queries.config(app));
  const { data: me } = useQuery(queries.session());
  const [revealed, setRevealed] = useState(false);
  const [editing, setEditing] = useState(false);
  const [removing, setRemoving] = useState<ConfigItem>();
  const mayWrite = can(me, "write");
  const items = data?.items ?? [];

  return (
    <Page>
      <PageHead
        title={t("tab.config")}
        actions={
          <>
            {data?.can_read && items.length > 0 && (
              <Button onClick={() => setRevealed(!revealed)} aria-pressed={revealed}>
                {revealed ? <EyeOff size={15} aria-hidden /> : <Eye size={15} aria-hidden />}
                {revealed ? t("config.hide_all") : t("config.reveal_all")}
              </Button>
            )}
            {mayWrite && !editing && (
              <Button look="primary" onClick={() => setEditing(true)}>
                {t("config.add")}
              </Button>
            )}
          </>
        }
      >
        {t("config.lead")}
      </PageHead>
      {data && !data.can_read && (
        <p className="mb-4 flex items-center gap-2 rounded-md bg-surface-2 px-3 py-2.5 text-text-2">
          <Lock size={15} className="shrink-0" aria-hidden />
          {t("config.may_not_read")}
        </p>
      )}
      {editing && <ConfigEditor app={app} known={items} onDone={() => setEditing(false)} />}
      {isPending && <SkeletonRows />}
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mb-4" />}
      {data && items.length === 0 && !editing && (
        <Empty icon={<SlidersHorizontal size={28} aria-hidden />} title={t("config.empty")}>
          {t("config.empty_body")}
        </Empty>
      )}
      {items.length > 0 && (
        <Card className="overflow-hidden">
          <Rows label={t("tab.config")}>
            {items.map((item) => (
              <ConfigRow
                key={item.key}
                app={app}
                item={item}
                revealed={revealed}
                mayWrite={mayWrite}
                onRemove={() => setRemoving(item)}
              />
            ))}
          </Rows>
        </Card>
      )}
      <CommandHint className="mt-5" command={cli("config", app)} />
      <Unset app={app} item={removing} onClose={() => setRemoving(undefined)} />
    </Page>
  );
}

function Unset({ app, item, onClose }: { app: string; item: ConfigItem | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const unset = useAction((key: string) => api.updateConfig(app, { unset: [key] }));
  const go = async () => {
    if (!item) return;
    const change = await unset.run(item.key);
    if (!change) return;
    void client.invalidateQueries({ queryKey: keys.app(app) });
    tellConfigChange(app, change);
    onClose();
  };
  return (
    <Dialog
      open={item !== undefined}
      onOpenChange={(open) => {
        if (!open) onClose();
        unset.reset();
      }}
      title={t("config.unset_title", { key: item?.key ?? "" })}
      description={t("config.unset_body")}
    >
      <ErrorNote error={unset.problem} className="mb-3" />
      <CommandHint command={cli("config unset", app, item?.key ?? "")} />
      <DialogActions>
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button look="danger" busy={unset.busy} onClick={() => void go()}>
          {t("config.unset")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
