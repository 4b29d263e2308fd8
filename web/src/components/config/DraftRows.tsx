import { FileUp, Plus, X } from "lucide-react";
import { type ClipboardEvent, useRef, useState } from "react";
import type { ConfigItem } from "@/api/types";
import { Button, IconButton } from "@/components/ui/button";
import { Input, Textarea } from "@/components/ui/field";
import { Card } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cx } from "@/lib/cx";
import type { Draft } from "./stage";
import type { ConfigStage, Imported } from "./useConfigStage";

interface DraftRowsProps {
  staged: ConfigStage;
  known: ConfigItem[];
  /** Saving was tried: what is missing is said too. */
  tried: boolean;
  imported: Imported | undefined;
  onText: (text: string) => void;
  onFile: (file: File) => void;
  onClose: () => void;
}

/** Looks like a line of a .env; one value with "=" in it is a value, whatever it looks like. */
function isDotenv(text: string, row: Draft): boolean {
  if (!/^\s*(export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=/m.test(text)) return false;
  return row.key === "" || text.includes("\n");
}

/** Rows for vars to add; a .env that is pasted or chosen becomes a row for each of its vars. */
export function DraftRows({ staged, known, tried, imported, onText, onFile, onClose }: DraftRowsProps) {
  const file = useRef<HTMLInputElement>(null);
  const [left, setLeft] = useState<ReadonlySet<number>>(new Set());
  const rows = staged.stage.drafts;
  const now = new Map(known.map((item) => [item.key, item.value]));
  const paste = (event: ClipboardEvent, row: Draft) => {
    const text = event.clipboardData.getData("text");
    if (!isDotenv(text, row)) return;
    event.preventDefault();
    onText(text);
  };
  return (
    <Card className="mb-5 p-4 sm:p-5">
      <div className="flex items-start justify-between gap-3">
        <div>
          <h2 className="font-semibold">{t("config.add")}</h2>
          <p className="mb-3 text-sm text-text-3">{t("config.paste_hint")}</p>
        </div>
        <IconButton label={t("common.close")} onClick={onClose} className="-mt-1 -mr-2">
          <X size={16} aria-hidden />
        </IconButton>
      </div>
      <ul className="space-y-2">
        {rows.map((row, i) => {
          const wrong = staged.wrong.get(row.id);
          // A name that is still being typed is not called missing or too short.
          const told = wrong && (tried || left.has(row.id) || wrong !== "config.key_missing");
          return (
            <DraftRow
              key={row.id}
              row={row}
              first={i === 0}
              error={told ? t(wrong) : undefined}
              note={noteOf(row, now)}
              onChange={(part) => staged.putRow(row.id, part)}
              onLeave={() => setLeft(new Set(left).add(row.id))}
              onPaste={(event) => paste(event, row)}
              onRemove={rows.length > 1 ? () => staged.dropRow(row.id) : undefined}
            />
          );
        })}
      </ul>
      {imported && imported.bad.length > 0 && (
        <p className="mt-2 text-sm text-warn" role="status">
          {t("config.paste_bad", { lines: imported.bad.join(", ") })}
        </p>
      )}
      {imported && imported.count === 0 && (
        <p className="mt-2 text-sm text-warn" role="status">
          {t("config.paste_none")}
        </p>
      )}
      <div className="mt-3 flex flex-wrap gap-2">
        <Button size="sm" onClick={staged.addRow}>
          <Plus size={14} aria-hidden />
          {t("config.another")}
        </Button>
        <Button size="sm" look="quiet" onClick={() => file.current?.click()}>
          <FileUp size={14} aria-hidden />
          {t("config.choose_file")}
        </Button>
        <input
          ref={file}
          type="file"
          className="hidden"
          aria-label={t("config.choose_file")}
          onChange={(event) => {
            const chosen = event.target.files?.[0];
            event.target.value = "";
            if (chosen) onFile(chosen);
          }}
        />
      </div>
    </Card>
  );
}

function noteOf(row: Draft, now: Map<string, string | undefined>): string | undefined {
  if (!now.has(row.key)) return undefined;
  return now.get(row.key) === row.value ? t("config.same") : t("config.replaces");
}

interface DraftRowProps {
  row: Draft;
  first: boolean;
  error: string | undefined;
  note: string | undefined;
  onChange: (part: Partial<Draft>) => void;
  onLeave: () => void;
  onPaste: (event: ClipboardEvent) => void;
  onRemove: (() => void) | undefined;
}

function DraftRow({ row, first, error, note, onChange, onLeave, onPaste, onRemove }: DraftRowProps) {
  const noteId = `config-${row.id}-note`;
  const described = error || note ? noteId : undefined;
  return (
    <li>
      <div className="grid grid-cols-[minmax(0,1fr)_auto] gap-2 sm:grid-cols-[minmax(0,2fr)_minmax(0,3fr)_auto]">
        <Input
          mono
          autoFocus={first}
          aria-label={t("config.key")}
          placeholder="DATABASE_URL"
          aria-invalid={error ? true : undefined}
          aria-describedby={described}
          value={row.key}
          onChange={(e) => onChange({ key: e.target.value.trim() })}
          onPaste={onPaste}
        />
        <Textarea
          mono
          className="order-3 col-span-2 sm:order-none sm:col-span-1"
          aria-label={row.key ? t("config.value_of", { key: row.key }) : t("config.value")}
          placeholder={t("config.value")}
          rows={Math.min(6, row.value.split("\n").length)}
          value={row.value}
          onChange={(e) => onChange({ value: e.target.value })}
          onBlur={onLeave}
          onPaste={onPaste}
        />
        <span className="w-8">
          {onRemove && (
            <IconButton
              label={t("config.remove_row", { key: row.key })}
              onClick={onRemove}
              className="mt-0.5"
            >
              <X size={15} aria-hidden />
            </IconButton>
          )}
        </span>
      </div>
      {(error ?? note) && (
        <p
          id={noteId}
          role={error ? "alert" : undefined}
          className={cx("mt-1 text-sm", error ? "text-bad" : "text-warn")}
        >
          {error ?? note}
        </p>
      )}
    </li>
  );
}
