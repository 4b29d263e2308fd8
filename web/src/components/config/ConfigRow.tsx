import { Eye, EyeOff, Pencil, Trash2, Undo2 } from "lucide-react";
import { useState } from "react";
import type { ConfigItem } from "@/api/types";
import { IconButton } from "@/components/ui/button";
import { CopyButton } from "@/components/ui/copy";
import { Field, Textarea } from "@/components/ui/field";
import { Row } from "@/components/ui/layout";
import { Badge } from "@/components/ui/status";
import { t } from "@/i18n";
import { cx } from "@/lib/cx";
import { wrongValue } from "./stage";
import type { ConfigStage } from "./useConfigStage";

interface ConfigRowProps {
  item: ConfigItem;
  staged: ConfigStage;
  revealed: boolean;
  mayWrite: boolean;
}

/** One config var; its value is dots until somebody asks to see it. What is staged of it is marked. */
export function ConfigRow({ item, staged, revealed, mayWrite }: ConfigRowProps) {
  const [own, setOwn] = useState(false);
  const [open, setOpen] = useState(false);
  const { key } = item;
  const known = item.value !== undefined;
  const removed = staged.stage.removed.includes(key);
  const edited = staged.stage.edits[key];
  const changed = staged.changes.some((change) => change.key === key && change.kind === "changed");
  const editing = open && !removed;
  const drafted = staged.stage.drafts.some((row) => row.key === key);
  const undo = () => {
    staged.undo(key);
    setOpen(false);
  };
  return (
    <Row className={cx((removed || changed) && "bg-surface-2/60")}>
      <div className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 sm:grid-cols-[minmax(8rem,18rem)_minmax(0,1fr)_auto]">
        <span className="flex min-w-0 flex-wrap items-center gap-x-2">
          <span className={cx("break-all font-medium font-mono text-sm", removed && "line-through")}>
            {key}
          </span>
          {removed && <Badge tone="bad">{t("config.removed")}</Badge>}
          {changed && <Badge tone="warn">{t("config.changed")}</Badge>}
        </span>
        <Value item={item} shown={known && (revealed || own)} />
        <span className="-mr-1.5 flex justify-end">
          {known && !revealed && (
            <IconButton
              label={own ? t("config.hide", { key }) : t("config.reveal", { key })}
              onClick={() => setOwn(!own)}
            >
              {own ? <EyeOff size={15} aria-hidden /> : <Eye size={15} aria-hidden />}
            </IconButton>
          )}
          {known && <CopyButton text={item.value ?? ""} label={t("config.copy", { key })} />}
          {mayWrite && (removed || changed) && (
            <IconButton label={t("config.undo", { key })} onClick={undo}>
              <Undo2 size={15} aria-hidden />
            </IconButton>
          )}
          {mayWrite && !removed && (
            <>
              <IconButton
                label={t("config.edit", { key })}
                aria-expanded={editing}
                disabled={drafted}
                onClick={() => setOpen(!open)}
              >
                <Pencil size={15} aria-hidden />
              </IconButton>
              <IconButton
                label={t("config.unset_key", { key })}
                onClick={() => {
                  setOpen(false);
                  staged.remove(key);
                }}
              >
                <Trash2 size={15} aria-hidden />
              </IconButton>
            </>
          )}
        </span>
      </div>
      {editing && (
        <NewValue
          item={item}
          value={edited}
          onChange={(value) => staged.edit(key, value)}
          onLeave={() => setOpen(false)}
        />
      )}
    </Row>
  );
}

function Value({ item, shown }: { item: ConfigItem; shown: boolean }) {
  return (
    <span className="order-3 col-span-2 block min-w-0 break-all font-mono text-sm text-text-2 sm:order-none sm:col-span-1">
      {shown ? (
        <span className="whitespace-pre-wrap">
          {item.value || <i className="font-sans">{t("config.blank")}</i>}
        </span>
      ) : (
        <>
          <span aria-hidden>••••••••••••</span>
          <span className="sr-only">{t("config.hidden")}</span>
        </>
      )}
    </span>
  );
}

interface NewValueProps {
  item: ConfigItem;
  value: string | undefined;
  onChange: (value: string) => void;
  onLeave: () => void;
}

function NewValue({ item, value, onChange, onLeave }: NewValueProps) {
  const text = value ?? item.value ?? "";
  const wrong = wrongValue(text);
  return (
    <Field
      className="mt-3"
      label={t("config.value_of", { key: item.key })}
      hideLabel
      error={wrong && t(wrong)}
      hint={t("config.staged_hint")}
    >
      <Textarea
        mono
        autoFocus
        rows={Math.min(8, text.split("\n").length)}
        value={text}
        placeholder={item.value === undefined ? t("config.new_value") : undefined}
        onChange={(e) => onChange(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Escape") onLeave();
        }}
      />
    </Field>
  );
}
