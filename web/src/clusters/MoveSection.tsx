import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import type { App } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote } from "@/components/ui/feedback";
import { Field, Select } from "@/components/ui/field";
import { Section } from "@/components/ui/layout";
import { toast } from "@/components/ui/toast";
import { t } from "@/i18n";
import { Say } from "@/i18n/Say";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { PlanPreview } from "@/plan/PlanPreview";
import { several } from "./model";
import { clusterQueries } from "./queries";

/** Which cluster an app is on, and bringing it to another. Where there is one only, nothing. */
export function MoveSection({ app, may }: { app: App; may: boolean }) {
  const { data: clusters } = useQuery(clusterQueries.list());
  const { data: volumes } = useQuery(queries.volumes(app.name));
  const [to, setTo] = useState("");
  const [open, setOpen] = useState(false);
  if (!several(clusters) && app.cluster === "local") return null;
  const others = clusters?.filter((one) => one.name !== app.cluster) ?? [];
  const kept = volumes?.items.map((volume) => volume.name) ?? [];
  return (
    <Section title={t("move.title")} hint={t("move.hint")}>
      <p>
        <Say
          k="move.on"
          values={{
            cluster: (
              <Link to="/clusters/$cluster" params={{ cluster: app.cluster }} className="link" translate="no">
                {app.cluster}
              </Link>
            ),
          }}
        />{" "}
        {!may && t("move.may_not")}
      </p>
      {may && kept.length > 0 && (
        <p className="mt-3 rounded-md bg-warn-soft px-3 py-2.5 text-warn">
          {t("move.volume", { names: kept.join(", ") })}
        </p>
      )}
      {may && kept.length === 0 && (
        <div className="mt-3 flex flex-wrap items-end gap-2">
          <Field label={t("move.to")} className="w-64 max-w-full">
            <Select value={to} onChange={(e) => setTo(e.target.value)}>
              <option value="">{t("move.choose")}</option>
              {others.map((one) => (
                <option key={one.name} value={one.name} disabled={one.state === "away"}>
                  {one.state === "away" ? t("move.away", { cluster: one.name }) : one.name}
                </option>
              ))}
            </Select>
          </Field>
          <Button disabled={!to || !volumes} onClick={() => setOpen(true)}>
            {t("move.button")}
          </Button>
        </div>
      )}
      <MoveDialog app={app} to={to} open={open} onClose={() => setOpen(false)} />
    </Section>
  );
}

interface MoveDialogProps {
  app: App;
  to: string;
  open: boolean;
  onClose: () => void;
}

function MoveDialog({ app, to, open, onClose }: MoveDialogProps) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const move = useAction(() => api.moveApp(app.name, to));
  const close = () => {
    move.reset();
    onClose();
  };
  const go = async () => {
    const moved = await move.run();
    if (!moved) return;
    void client.invalidateQueries({ queryKey: keys.app(app.name) });
    void client.invalidateQueries({ queryKey: keys.clusters });
    close();
    if (!moved.deployment) return toast(t("move.chosen", { cluster: to }));
    void navigate({
      to: "/apps/$app/deployments/$number",
      params: { app: app.name, number: String(moved.deployment.number) },
    });
  };
  return (
    <Dialog
      open={open}
      onOpenChange={close}
      title={t("move.question", { app: app.name, cluster: to })}
      description={t(app.live_release ? "move.body" : "move.body_new")}
    >
      <ErrorNote error={move.problem} className="mb-3" />
      {open && app.live_release && <PlanPreview app={app.name} change={{ move_to: to }} className="mb-3" />}
      <CommandHint command={cli("move", undefined, app.name, "--to", to)} />
      <DialogActions>
        <Button onClick={close}>{t("common.cancel")}</Button>
        <Button look="primary" busy={move.busy} onClick={() => void go()}>
          {t("move.submit")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
