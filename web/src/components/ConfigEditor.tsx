import { useQueryClient } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { type ClipboardEvent, type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { keys } from "@/api/queries";
import type { ConfigItem } from "@/api/types";
import { t, tn } from "@/i18n";
import { cli } from "@/lib/command";
import { parseDotenv } from "@/lib/dotenv";
import { useAction } from "@/lib/form";
import { tellConfigChange } from "./configchange";
import { Button, IconButton } from "./ui/button";
import { CommandHint } from "./ui/copy";
import { ErrorNote } from "./ui/feedback";
import { Input, Textarea } from "./ui/field";
import { Card } from "./ui/layout";

interface Draft {
  id: number;
  key: string;
  value: string;
}

const keyRule = /^[A-Za-z_][A-Za-z0-9_]{0,199}$/;

let nextId = 1;
const blank = (): Draft => ({ id: nextId++, key: "", value: "" });

/** Adds and changes many config vars at once; a pasted .env becomes a row for each. */
export function ConfigEditor({
  app,
  known,
  onDone,
}: {
  app: string;
  known: ConfigItem[];
  onDone: () => void;
}) {
  const [rows, setRows] = useState<Draft[]>(() => [blank()]);
  const [bad, setBad] = useState<number[]>([]);
  const [tried, setTried] = useState(false);
  const client = useQueryClient();
  const save = useAction((set: Record<string, string>) => api.updateConfig(app, { set }));
  const filled = rows.filter((row) => row.key !== "" || row.value !== "");
  const names = new Set(known.map((item) => item.key));

  const put = (id: number, part: Partial<Draft>) =>
    setRows((before) => before.map((row) => (row.id === id ? { ...row, ...part } : row)));

  const paste = (event: ClipboardEvent, row: Draft) => {
    const text = event.clipboardData.getData("text");
    // One value without "=" is a value, whatever it looks like.
    if (!/^\s*(export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=/m.test(text) || (row.key !== "" && !text.includes("\n")))
      return;
    const parsed = parseDotenv(text);
    if (parsed.vars.length === 0) return;
    event.preventDefault();
    setBad(parsed.bad);
    setRows((before) => {
      const kept = before.filter((one) => one.key !== "" && !parsed.vars.some((v) => v.key === one.key));
      return [...kept, ...parsed.vars.map((v) => ({ id: nextId++, ...v })), blank()];
    });
  };

  const wrong = (row: Draft): string | undefined => {
    if (row.key === "") return row.value === "" ? undefined : t("config.key_missing");
    if (!keyRule.test(row.key)) return t("config.key_rule");
    if (filled.some((other) => other.id !== row.id && other.key === row.key)) return t("config.key_twice");
    return undefined;
  };

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (filled.length === 0 || filled.some(wrong)) return;
    const change = await save.run(Object.fromEntries(filled.map((row) => [row.key, row.value])));
    if (!change) return;
    void client.invalidateQueries({ queryKey: keys.app(app) });
    tellConfigChange(app, change);
    onDone();
  };
  return (
    <Card className="mb-5 p-4 sm:p-5">
      <form onSubmit={submit} noValidate>
        <h2 className="font-semibold">{t("config.add")}</h2>
        <p className="mb-3 text-sm text-text-3">{t("config.paste_hint")}</p>
        <ul className="space-y-2">
          {rows.map((row, i) => (
            <DraftRow
              key={row.id}
              row={row}
              first={i === 0}
              error={tried ? wrong(row) : undefined}
              replaces={names.has(row.key)}
              onChange={(part) => put(row.id, part)}
              onPaste={(event) => paste(event, row)}
              onRemove={rows.length > 1 ? () => setRows(rows.filter((one) => one.id !== row.id)) : undefined}
            />
          ))}
        </ul>
        {bad.length > 0 && (
          <p className="mt-2 text-sm text-warn" role="status">
            {t("config.paste_bad", { lines: bad.join(", ") })}
          </p>
        )}
        <ErrorNote error={save.problem} className="mt-3" />
        <div className="mt-4 flex flex-wrap items-start justify-between gap-3">
          <Button size="sm" onClick={() => setRows([...rows, blank()])}>
            <Plus size={14} aria-hidden />
            {t("config.another")}
          </Button>
          <span className="flex flex-wrap gap-2">
            <Button onClick={onDone}>{t("common.cancel")}</Button>
            <Button type="submit" look="primary" busy={save.busy}>
              {filled.length > 1 ? tn("config.save_many", filled.length) : t("config.save_deploy")}
            </Button>
          </span>
        </div>
        <CommandHint
          className="mt-3"
          command={cli(
            "config set",
            app,
            ...(filled.length ? filled : [{ key: "NAME" }]).map((row) => `${row.key}=VALUE`),
          )}
        />
      </form>
    </Card>
  );
}

interface DraftRowProps {
  row: Draft;
  first: boolean;
  error: string | undefined;
  replaces: boolean;
  onChange: (part: Partial<Draft>) => void;
  onPaste: (event: ClipboardEvent) => void;
  onRemove: (() => void) | undefined;
}

function DraftRow({ row, first, error, replaces, onChange, onPaste, onRemove }: DraftRowProps) {
  const errorId = `config-${row.id}-error`;
  return (
    <li>
      <div className="grid grid-cols-[minmax(0,1fr)_auto] gap-2 sm:grid-cols-[minmax(0,2fr)_minmax(0,3fr)_auto]">
        <Input
          mono
          autoFocus={first}
          aria-label={t("config.key")}
          placeholder="DATABASE_URL"
          aria-invalid={error ? true : undefined}
          aria-describedby={error ? errorId : undefined}
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
      {error ? (
        <p id={errorId} role="alert" className="mt-1 text-bad text-sm">
          {error}
        </p>
      ) : (
        replaces && <p className="mt-1 text-sm text-warn">{t("config.replaces")}</p>
      )}
    </li>
  );
}
