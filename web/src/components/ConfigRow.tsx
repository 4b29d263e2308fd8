import { useQueryClient } from "@tanstack/react-query";
import { Eye, EyeOff, Pencil, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { keys } from "@/api/queries";
import type { ConfigItem } from "@/api/types";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { tellConfigChange } from "./configchange";
import { Button, IconButton } from "./ui/button";
import { CommandHint, CopyButton } from "./ui/copy";
import { ErrorNote } from "./ui/feedback";
import { Field, Textarea } from "./ui/field";
import { Row } from "./ui/layout";

interface ConfigRowProps {
  app: string;
  item: ConfigItem;
  revealed: boolean;
  mayWrite: boolean;
  onRemove: () => void;
}

/** One config var; its value is dots until somebody asks to see it. */
export function ConfigRow({ app, item, revealed, mayWrite, onRemove }: ConfigRowProps) {
  const [own, setOwn] = useState(false);
  const [editing, setEditing] = useState(false);
  const known = item.value !== undefined;
  const shown = known && (revealed || own);
  return (
    <Row>
      <div className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 sm:grid-cols-[minmax(8rem,18rem)_minmax(0,1fr)_auto]">
        <span className="break-all font-medium font-mono text-sm">{item.key}</span>
        <span className="order-3 col-span-2 min-w-0 break-all font-mono text-sm text-text-2 sm:order-none sm:col-span-1">
          {shown ? (
            <span className="whitespace-pre-wrap">
              {item.value || <i className="font-sans">{t("config.blank")}</i>}
            </span>
          ) : (
            <span aria-hidden>••••••••••••</span>
          )}
          {!shown && <span className="sr-only">{t("config.hidden")}</span>}
        </span>
        <span className="-mr-1.5 flex justify-end">
          {known && !revealed && (
            <IconButton
              label={own ? t("config.hide", { key: item.key }) : t("config.reveal", { key: item.key })}
              onClick={() => setOwn(!own)}
            >
              {own ? <EyeOff size={15} aria-hidden /> : <Eye size={15} aria-hidden />}
            </IconButton>
          )}
          {known && <CopyButton text={item.value ?? ""} label={t("config.copy", { key: item.key })} />}
          {mayWrite && (
            <IconButton label={t("config.edit", { key: item.key })} onClick={() => setEditing(!editing)}>
              <Pencil size={15} aria-hidden />
            </IconButton>
          )}
          {mayWrite && (
            <IconButton label={t("config.unset_key", { key: item.key })} onClick={onRemove}>
              <Trash2 size={15} aria-hidden />
            </IconButton>
          )}
        </span>
      </div>
      {editing && <EditValue app={app} item={item} onDone={() => setEditing(false)} />}
    </Row>
  );
}

function EditValue({ app, item, onDone }: { app: string; item: ConfigItem; onDone: () => void }) {
  const [value, setValue] = useState(item.value ?? "");
  const client = useQueryClient();
  const save = useAction(() => api.updateConfig(app, { set: { [item.key]: value } }));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const change = await save.run();
    if (!change) return;
    void client.invalidateQueries({ queryKey: keys.app(app) });
    tellConfigChange(app, change);
    onDone();
  };
  return (
    <form onSubmit={submit} className="mt-3 space-y-3">
      <Field
        label={t("config.value_of", { key: item.key })}
        hideLabel
        error={save.field("config", `set.${item.key}`, "set")}
      >
        <Textarea
          mono
          autoFocus
          rows={Math.min(8, value.split("\n").length)}
          value={value}
          placeholder={item.value === undefined ? t("config.new_value") : undefined}
          onChange={(e) => setValue(e.target.value)}
        />
      </Field>
      <ErrorNote error={save.general("config", `set.${item.key}`, "set")} />
      <div className="flex flex-wrap items-start justify-between gap-2">
        <CommandHint command={`${cli("config set", app, item.key)} < value.txt`} />
        <span className="flex gap-2">
          <Button onClick={onDone}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" busy={save.busy}>
            {t("config.save_deploy")}
          </Button>
        </span>
      </div>
    </form>
  );
}
