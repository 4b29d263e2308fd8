import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { api } from "@/api/client";
import { keys } from "@/api/queries";
import { type NewToken, type Scope, scopes } from "@/api/types";
import { t, tn } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { Button } from "./ui/button";
import { CommandHint } from "./ui/copy";
import { DialogActions } from "./ui/dialog";
import { ErrorNote } from "./ui/feedback";
import { Checkbox, Field, Input, Select } from "./ui/field";

const validities = [7, 30, 90, 365] as const;

interface TokenFormProps {
  onMade: (token: NewToken) => void;
  onCancel: () => void;
  /** Only owners may give a token the right to administer. */
  owner?: boolean;
}

/** Makes an API token: what it may do, and for how long. */
export function TokenForm({ onMade, onCancel, owner = true }: TokenFormProps) {
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<Scope[]>(["deploy"]);
  const [days, setDays] = useState(90);
  const [tried, setTried] = useState(false);
  const nameInput = useRef<HTMLInputElement>(null);
  const scopesBox = useRef<HTMLFieldSetElement>(null);
  const client = useQueryClient();
  const create = useAction(api.createToken);

  const toggle = (scope: Scope, on: boolean) =>
    setChosen((before) => scopes.filter((one) => (one === scope ? on : before.includes(one))));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!name.trim()) return nameInput.current?.focus();
    if (chosen.length === 0) return scopesBox.current?.querySelector("input")?.focus();
    const token = await create.run({ name: name.trim(), scopes: chosen, expires_in_days: days || undefined });
    if (!token) return;
    void client.invalidateQueries({ queryKey: keys.tokens });
    onMade(token);
  };
  const nameError = tried && !name.trim() ? t("tokens.name_missing") : create.field("name");
  const scopeError = tried && chosen.length === 0 ? t("tokens.scopes_missing") : create.field("scopes");
  const words = [name.trim() || "NAME", ...chosen.flatMap((scope) => ["--scope", scope])];
  if (days) words.push("--expires-in-days", String(days));
  return (
    <form onSubmit={submit} noValidate className="mt-3 space-y-4">
      <Field label={t("tokens.name")} hint={t("tokens.name_hint")} error={nameError}>
        <Input
          autoFocus
          ref={nameInput}
          autoComplete="off"
          value={name}
          maxLength={100}
          onChange={(e) => setName(e.target.value)}
          placeholder="CI"
        />
      </Field>
      <fieldset ref={scopesBox} aria-describedby={scopeError ? "scopes-error" : undefined}>
        <legend className="mb-2 font-medium text-sm">{t("tokens.scopes")}</legend>
        <div className="space-y-2">
          {scopes.map((scope) => (
            <Checkbox
              key={scope}
              label={<span className="font-mono text-sm">{scope}</span>}
              hint={scope === "admin" && !owner ? t("tokens.owners_only") : t(`scope.${scope}`)}
              disabled={scope === "admin" && !owner}
              checked={chosen.includes(scope)}
              onChange={(e) => toggle(scope, e.target.checked)}
            />
          ))}
        </div>
        {scopeError && (
          <p id="scopes-error" role="alert" className="mt-1.5 text-bad text-sm">
            {scopeError}
          </p>
        )}
      </fieldset>
      <Field
        label={t("tokens.validity")}
        hint={days === 0 ? <span className="text-warn">{t("tokens.forever_hint")}</span> : undefined}
        error={create.field("expires_in_days")}
      >
        <Select value={days} onChange={(e) => setDays(Number(e.target.value))}>
          {validities.map((n) => (
            <option key={n} value={n}>
              {tn("tokens.days", n)}
            </option>
          ))}
          <option value={0}>{t("tokens.forever")}</option>
        </Select>
      </Field>
      <ErrorNote error={create.general("name", "scopes", "expires_in_days")} />
      <CommandHint command={cli("tokens create", undefined, ...words)} />
      <DialogActions>
        <Button onClick={onCancel}>{t("common.cancel")}</Button>
        <Button type="submit" look="primary" busy={create.busy}>
          {t("tokens.submit")}
        </Button>
      </DialogActions>
    </form>
  );
}
