import { useQuery, useQueryClient } from "@tanstack/react-query";
import { HardDrive, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import type { App, Deployment, Volume } from "@/api/types";
import { Button, IconButton } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { ErrorNote, Skeleton } from "@/components/ui/feedback";
import { Field, Input, Select } from "@/components/ui/field";
import { Section } from "@/components/ui/layout";
import { toast } from "@/components/ui/toast";
import { t } from "@/i18n";
import { Say } from "@/i18n/Say";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";

/** What outlives an app's instances. */
export function VolumesSection({ app, may }: { app: App; may: boolean }) {
  const { data, error, refetch } = useQuery(queries.volumes(app.name));
  const [removing, setRemoving] = useState<Volume>();
  return (
    <Section title={t("volumes.title")} hint={t("volumes.hint")}>
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mb-3" />}
      {!data && !error && <Skeleton className="h-10" />}
      {data?.items.length === 0 && <p className="text-text-2">{t("volumes.none")}</p>}
      {data && data.items.length > 0 && (
        <ul className="-my-1 divide-y" aria-label={t("volumes.title")}>
          {data.items.map((volume) => (
            <li key={volume.name} className="flex items-center gap-3 py-1.5">
              <HardDrive size={16} className="shrink-0 text-text-3" aria-hidden />
              <span className="min-w-0 flex-1">
                <span className="break-all font-mono">{volume.name}</span>
                <span className="block text-sm text-text-3">
                  <Say
                    k="volumes.at"
                    values={{
                      path: <span className="break-all font-mono">{volume.path}</span>,
                      process: <span className="font-mono">{volume.process}</span>,
                    }}
                  />
                </span>
              </span>
              {may && (
                <IconButton
                  label={t("volumes.remove", { name: volume.name })}
                  onClick={() => setRemoving(volume)}
                >
                  <Trash2 size={15} aria-hidden />
                </IconButton>
              )}
            </li>
          ))}
        </ul>
      )}
      {may && <AddVolume app={app} known={data?.items ?? []} />}
      <RemoveVolume app={app.name} volume={removing} onClose={() => setRemoving(undefined)} />
    </Section>
  );
}

/** Says what a change led to, and has it fetched. */
function useChanged(app: string) {
  const client = useQueryClient();
  return (deployment: Deployment | undefined, words: string) => {
    void client.invalidateQueries({ queryKey: keys.app(app) });
    if (!deployment) return toast(words);
    toast(t("settings.saved_deploying", { n: deployment.number }), {
      to: `/apps/${app}/deployments/${deployment.number}`,
      label: t("config.see_deployment"),
    });
  };
}

const blank = { name: "", path: "", process: "web" };

function AddVolume({ app, known }: { app: App; known: readonly Volume[] }) {
  const [values, setValues] = useState(blank);
  const [sent, setSent] = useState(false);
  const changed = useChanged(app.name);
  const add = useAction((volume: typeof blank) => api.addVolume(app.name, volume));
  const { name, path, process } = values;
  const wrong = {
    name: known.some((one) => one.name === name)
      ? t("volumes.name_taken")
      : /^[a-z](-?[a-z0-9])*$/.test(name) && name.length <= 30
        ? undefined
        : t("volumes.name_rule"),
    path: /^\/[^\s]/.test(path) ? undefined : t("volumes.path_rule"),
  };
  const put = (part: Partial<typeof blank>) => {
    setValues({ ...values, ...part });
    add.reset();
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setSent(true);
    if (wrong.name || wrong.path) return;
    const result = await add.run(values);
    if (!result) return;
    changed(result.deployment, t("volumes.added", { name }));
    setValues(blank);
    setSent(false);
  };
  const processes = Object.keys(app.scale).sort();
  return (
    <form onSubmit={submit} noValidate className="mt-4 border-t pt-4">
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-3">
        <Field label={t("volumes.name")} error={(sent && wrong.name) || add.field("name") || undefined}>
          <Input
            mono
            autoComplete="off"
            placeholder="uploads"
            maxLength={30}
            value={name}
            onChange={(e) => put({ name: e.target.value })}
          />
        </Field>
        <Field
          label={t("volumes.path")}
          hint={t("volumes.path_hint")}
          error={(sent && wrong.path) || add.field("path") || undefined}
        >
          <Input
            mono
            autoComplete="off"
            placeholder="/data"
            value={path}
            onChange={(e) => put({ path: e.target.value.trim() })}
          />
        </Field>
        <Field label={t("volumes.process")} error={add.field("process")}>
          <Select value={process} onChange={(e) => put({ process: e.target.value })}>
            {processes.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </Select>
        </Field>
      </div>
      <ErrorNote error={add.general("name", "path", "process")} className="mt-4" />
      <div className="mt-4 flex flex-wrap items-center justify-between gap-3">
        <CommandHint
          command={cli(
            "volumes add",
            app.name,
            name || "NAME",
            path || "PATH",
            ...(process === "web" ? [] : ["--process", process]),
          )}
        />
        <Button type="submit" busy={add.busy} className="ml-auto">
          {t("volumes.add")}
        </Button>
      </div>
    </form>
  );
}

interface RemoveVolumeProps {
  app: string;
  /** The volume to take away; the dialog is open while there is one. */
  volume: Volume | undefined;
  onClose: () => void;
}

/** Takes a volume away, after its name was typed: what is in it is lost. */
function RemoveVolume({ app, volume, onClose }: RemoveVolumeProps) {
  const [typed, setTyped] = useState("");
  const changed = useChanged(app);
  const name = volume?.name ?? "";
  const remove = useAction(() => api.removeVolume(app, name, typed));
  const close = () => {
    onClose();
    setTyped("");
    remove.reset();
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (typed !== name) return;
    const result = await remove.run();
    if (!result) return;
    changed(result.deployment, t("volumes.removed", { name }));
    close();
  };
  return (
    <Dialog
      open={volume !== undefined}
      onOpenChange={close}
      title={t("volumes.remove_title", { name })}
      description={t("volumes.remove_body", { path: volume?.path ?? "" })}
    >
      <form onSubmit={submit} noValidate>
        <Field label={t("volumes.type", { name })} error={remove.field("confirm")}>
          <Input mono autoFocus autoComplete="off" value={typed} onChange={(e) => setTyped(e.target.value)} />
        </Field>
        <ErrorNote error={remove.general("confirm")} className="mt-3" />
        <CommandHint className="mt-3" command={cli("volumes remove", app, name)} />
        <DialogActions>
          <Button onClick={close}>{t("common.cancel")}</Button>
          <Button type="submit" look="danger" busy={remove.busy} disabled={typed !== name}>
            {t("volumes.remove_submit")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
