import { Upload } from "lucide-react";
import { type ChangeEvent, useId, useRef, useState } from "react";
import type { ClusterAccess } from "@/api/types";
import { Button } from "@/components/ui/button";
import { Field, Input, Textarea } from "@/components/ui/field";
import { t } from "@/i18n";

/** How a cluster is reached, as it is typed. It lives in the form and nowhere else. */
export interface AccessDraft {
  endpoint: string;
  ca: string;
  cert: string;
  key: string;
  kubeconfig: string;
  context: string;
}

export const noAccess: AccessDraft = { endpoint: "", ca: "", cert: "", key: "", kubeconfig: "", context: "" };

export type ClusterKind = "swarm" | "kubernetes";

/** What of a draft a kind of cluster is reached with. */
export function accessOf(kind: ClusterKind, draft: AccessDraft): ClusterAccess {
  const given = (text: string) => (text.trim() ? text : undefined);
  return kind === "swarm"
    ? {
        endpoint: draft.endpoint.trim() || undefined,
        credentials: { ca: given(draft.ca), cert: given(draft.cert), key: given(draft.key) },
      }
    : { credentials: { kubeconfig: given(draft.kubeconfig), context: draft.context.trim() || undefined } };
}

/** The words of the command that does it, with names of files in place of what is in them. */
export function accessWords(kind: ClusterKind, draft: AccessDraft): string[] {
  const words: string[] = [];
  const add = (flag: string, value: string) => value.trim() && words.push(flag, value.trim());
  if (kind === "swarm") {
    add("--endpoint", draft.endpoint);
    for (const file of ["ca", "cert", "key"] as const)
      if (draft[file].trim()) add(`--${file}`, `${file}.pem`);
  } else {
    if (draft.kubeconfig.trim()) add("--kubeconfig", "kubeconfig.yaml");
    add("--context", draft.context);
  }
  return words;
}

interface AccessFieldsProps {
  kind: ClusterKind;
  draft: AccessDraft;
  onChange: (draft: AccessDraft) => void;
  /** What the server says about a field. */
  field: (...names: string[]) => string | undefined;
}

export function AccessFields({ kind, draft, onChange, field }: AccessFieldsProps) {
  const set = (name: keyof AccessDraft) => (value: string) => onChange({ ...draft, [name]: value });
  if (kind === "swarm") {
    return (
      <>
        <Field
          label={t("clusters.endpoint")}
          optional={t("common.optional")}
          hint={t("clusters.endpoint_hint")}
          error={field("endpoint")}
        >
          <Input
            mono
            autoComplete="off"
            placeholder="tcp://10.0.0.5:2376"
            value={draft.endpoint}
            onChange={(e) => set("endpoint")(e.target.value)}
          />
        </Field>
        <div className="grid gap-4 sm:grid-cols-3">
          {(["ca", "cert", "key"] as const).map((name) => (
            <FileText
              key={name}
              label={t(`clusters.${name}`)}
              value={draft[name]}
              onChange={set(name)}
              error={field(`credentials.${name}`)}
            />
          ))}
        </div>
        <p className="text-sm text-text-3">{t("clusters.kept")}</p>
      </>
    );
  }
  return (
    <>
      <FileText
        label={t("clusters.kubeconfig")}
        hint={`${t("clusters.kubeconfig_hint")} ${t("clusters.kept")}`}
        value={draft.kubeconfig}
        onChange={set("kubeconfig")}
        error={field("credentials.kubeconfig")}
      />
      <Field
        label={t("clusters.context")}
        optional={t("common.optional")}
        hint={t("clusters.context_hint")}
        error={field("credentials.context")}
      >
        <Input
          mono
          autoComplete="off"
          value={draft.context}
          onChange={(e) => set("context")(e.target.value)}
        />
      </Field>
    </>
  );
}

const largest = 1 << 20;

interface FileTextProps {
  label: string;
  hint?: string;
  value: string;
  onChange: (text: string) => void;
  error?: string;
}

function textOf(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsText(file);
  });
}

/** A text that mostly is in a file: pasted, or taken from it. */
function FileText({ label, hint, value, onChange, error }: FileTextProps) {
  const chooser = useRef<HTMLInputElement>(null);
  const id = useId();
  const [large, setLarge] = useState(false);
  const take = async (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    event.target.value = ""; // the same may be chosen again
    if (!file) return;
    setLarge(file.size > largest);
    if (file.size <= largest) onChange(await textOf(file));
  };
  return (
    <div className="min-w-0">
      <Field label={label} hint={hint} error={large ? t("clusters.file_large") : error}>
        <Textarea
          mono
          rows={3}
          autoComplete="off"
          placeholder={t("clusters.paste")}
          className="resize-y text-xs!"
          value={value}
          onChange={(e) => {
            setLarge(false);
            onChange(e.target.value);
          }}
        />
      </Field>
      <input
        ref={chooser}
        id={id}
        type="file"
        className="sr-only"
        tabIndex={-1}
        aria-hidden
        onChange={(event) => void take(event)}
      />
      <Button
        size="sm"
        className="mt-2"
        aria-label={t("clusters.choose_file_for", { what: label })}
        onClick={() => chooser.current?.click()}
      >
        <Upload size={14} aria-hidden />
        {t("clusters.choose_file")}
      </Button>
    </div>
  );
}
