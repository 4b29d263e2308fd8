import { ArrowRight } from "lucide-react";
import type { ReactNode } from "react";
import type { Release } from "@/api/types";
import { compareReleases, type Process, type ProcessChange } from "@/deployments/compare";
import { byteChange, bytes } from "@/deployments/words";
import { t, tn } from "@/i18n";
import { cx } from "@/lib/cx";
import { shortCommit, shortDigest } from "@/lib/url";
import { Ago } from "./ui/time";

/** What is another in one release than in another; config by name only. */
export function ReleaseChanges({ from, to }: { from: Release; to: Release }) {
  const diff = compareReleases(from, to);
  return (
    <dl className="divide-y rounded-md border bg-surface">
      <Entry label={t("changes.release")} changed>
        <Pair from={`v${from.version}`} to={`v${to.version}`} />
        <span className="block text-sm text-text-3">
          <Ago when={from.created_at} />
          <ArrowRight size={12} className="mx-1 inline" aria-label={t("changes.becomes")} />
          <Ago when={to.created_at} />
        </span>
      </Entry>
      <Entry label={t("changes.commit")} changed={diff.commit}>
        {from.commit || to.commit ? (
          <Either
            changed={diff.commit}
            from={shortCommit(from.commit)}
            to={shortCommit(to.commit)}
            none={t("changes.no_commit")}
          />
        ) : (
          <Same>{t("changes.both_no_commit")}</Same>
        )}
        <Descriptions from={from.description} to={to.description} />
      </Entry>
      <Entry label={t("changes.image")} changed={diff.image}>
        <Either
          changed={diff.image}
          from={shortDigest(from.digest) || from.image}
          to={shortDigest(to.digest) || to.image}
          title={[from.digest, to.digest]}
        />
        <Size size={diff.size} />
      </Entry>
      <Entry
        label={t("changes.config")}
        changed={diff.config.added.length + diff.config.removed.length > 0}
        hint={t("changes.config_hint")}
      >
        <ConfigNames {...diff.config} />
      </Entry>
      <Entry label={t("changes.processes")} changed={diff.processes.some((p) => p.kind !== "same")}>
        <ul className="space-y-1">
          {diff.processes.map((change) => (
            <li key={change.name}>
              <ProcessLine change={change} />
            </li>
          ))}
        </ul>
      </Entry>
    </dl>
  );
}

interface EntryProps {
  label: string;
  changed: boolean;
  hint?: string;
  children: ReactNode;
}

function Entry({ label, changed, hint, children }: EntryProps) {
  return (
    <div className="grid grid-cols-1 gap-x-4 px-3 py-2.5 sm:grid-cols-[9rem_minmax(0,1fr)] sm:px-4">
      <dt className={cx("text-sm", changed ? "font-medium text-text" : "text-text-3")}>
        {label}
        {changed && (
          <span className="ml-1.5 inline-block size-1.5 rounded-full bg-accent align-middle">
            <span className="sr-only">{t("changes.changed")}</span>
          </span>
        )}
      </dt>
      <dd className="min-w-0">
        {children}
        {hint && <p className="mt-1 text-text-3 text-xs">{hint}</p>}
      </dd>
    </div>
  );
}

function Same({ children }: { children: ReactNode }) {
  return <span className="break-words text-text-3">{children}</span>;
}

function Pair({ from, to, title }: { from: string; to: string; title?: [string, string] }) {
  return (
    <span className="flex flex-wrap items-center gap-x-2 font-mono text-sm">
      <span className="whitespace-pre-wrap break-all text-text-3 line-through" title={title?.[0]}>
        {from}
      </span>
      <ArrowRight size={13} className="shrink-0" aria-label={t("changes.becomes")} />
      <span className="whitespace-pre-wrap break-all" title={title?.[1]}>
        {to}
      </span>
    </span>
  );
}

interface EitherProps {
  changed: boolean;
  from: string;
  to: string;
  none?: string;
  title?: [string, string];
}

function Either({ changed, from, to, none = "–", title }: EitherProps) {
  if (changed) return <Pair from={from || none} to={to || none} title={title} />;
  return (
    <Same>
      <span title={title?.[1]}>{t("changes.same", { value: to || none })}</span>
    </Same>
  );
}

function Descriptions({ from, to }: { from: string; to: string }) {
  if (!from && !to) return null;
  if (from === to) return <span className="line-clamp-2 break-words text-sm text-text-2">{to}</span>;
  return (
    <span className="mt-1 block space-y-0.5 text-sm">
      <span className="line-clamp-2 break-words text-text-3">− {from || "–"}</span>
      <span className="line-clamp-2 break-words text-text-2">+ {to || "–"}</span>
    </span>
  );
}

function Size({ size }: { size: ReturnType<typeof compareReleases>["size"] }) {
  if (size.to === undefined && size.from === undefined) return null;
  const one = (n: number | undefined) => (n === undefined ? t("changes.size_unknown") : bytes(n));
  if (size.by === 0) return <span className="block text-sm text-text-3 tabular-nums">{one(size.to)}</span>;
  return (
    <span className="block text-sm text-text-3 tabular-nums">
      {one(size.from)}
      <ArrowRight size={12} className="mx-1 inline" aria-label={t("changes.becomes")} />
      {one(size.to)}
      {size.by !== undefined && <span className="ml-2 text-text-2">({byteChange(size.by)})</span>}
    </span>
  );
}

function ConfigNames({ added, removed, kept }: { added: string[]; removed: string[]; kept: string[] }) {
  if (added.length + removed.length === 0) {
    return <Same>{kept.length ? tn("changes.config_same", kept.length) : t("changes.config_none")}</Same>;
  }
  return (
    <span className="font-mono text-sm">
      {added.map((name) => (
        <span key={name} className="mr-2 inline-block break-all text-ok">
          +{name}
        </span>
      ))}
      {removed.map((name) => (
        <span key={name} className="mr-2 inline-block break-all text-bad">
          −{name}
        </span>
      ))}
      {kept.length > 0 && (
        <span className="font-sans text-text-3">{tn("changes.config_kept", kept.length)}</span>
      )}
    </span>
  );
}

function ProcessLine({ change: { name, kind, from, to } }: { change: ProcessChange }) {
  if (kind === "same") return <Same>{t("changes.same", { value: `${name}: ${shape(to)}` })}</Same>;
  return (
    <span className="block font-mono text-sm">
      {kind !== "added" && (
        <span className="block whitespace-pre-wrap break-all text-bad">
          −{name}: {shape(from)}
        </span>
      )}
      {kind !== "removed" && (
        <span className="block whitespace-pre-wrap break-all text-ok">
          +{name}: {shape(to)}
        </span>
      )}
    </span>
  );
}

/** What a process runs, where, and how it is asked whether it is well. */
function shape(p: Process | undefined): string {
  if (!p) return "";
  const parts = [p.command.length ? p.command.join(" ") : t("changes.own_command")];
  if (p.port > 0) parts.push(t("changes.port", { port: p.port }));
  if (p.health_path) parts.push(`GET ${p.health_path}`);
  return parts.join(" · ");
}
