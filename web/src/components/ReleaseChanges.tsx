import { ArrowRight } from "lucide-react";
import type { ReactNode } from "react";
import type { Release } from "@/api/types";
import { t } from "@/i18n";
import { shortCommit, shortDigest } from "@/lib/url";

const processWords = (release: Release) =>
  release.processes.map((p) => (p.command.length ? `${p.name}: ${p.command.join(" ")}` : p.name)).join("\n");

/** What is another in one release than in another; config by name only. */
export function ReleaseChanges({ from, to }: { from: Release; to: Release }) {
  const added = to.config_names.filter((name) => !from.config_names.includes(name));
  const removed = from.config_names.filter((name) => !to.config_names.includes(name));
  return (
    <dl className="divide-y rounded-md border">
      <Change label={t("changes.release")} from={`v${from.version}`} to={`v${to.version}`} />
      <Change label={t("changes.description")} from={from.description} to={to.description} />
      <Change label={t("changes.commit")} from={shortCommit(from.commit)} to={shortCommit(to.commit)} />
      <Change label={t("changes.image")} from={shortDigest(from.digest)} to={shortDigest(to.digest)} />
      <Change label={t("changes.processes")} from={processWords(from)} to={processWords(to)} />
      <Entry label={t("changes.config")}>
        {added.length + removed.length === 0 ? (
          <span className="text-text-3">{t("changes.config_same")}</span>
        ) : (
          <span className="font-mono text-sm">
            {added.map((name) => (
              <span key={name} className="mr-2 text-ok">
                +{name}
              </span>
            ))}
            {removed.map((name) => (
              <span key={name} className="mr-2 text-bad">
                −{name}
              </span>
            ))}
          </span>
        )}
      </Entry>
    </dl>
  );
}

function Entry({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="grid grid-cols-1 gap-x-4 px-3 py-2 sm:grid-cols-[8rem_minmax(0,1fr)]">
      <dt className="text-sm text-text-3">{label}</dt>
      <dd className="min-w-0">{children}</dd>
    </div>
  );
}

function Change({ label, from, to }: { label: string; from: string; to: string }) {
  return (
    <Entry label={label}>
      {from === to ? (
        <span className="break-words text-text-3">{from ? t("changes.same", { value: from }) : "–"}</span>
      ) : (
        <span className="flex flex-wrap items-center gap-x-2 font-mono text-sm">
          <span className="whitespace-pre-wrap break-all text-text-3 line-through">{from || "–"}</span>
          <ArrowRight size={13} className="shrink-0" aria-label={t("changes.becomes")} />
          <span className="whitespace-pre-wrap break-all">{to || "–"}</span>
        </span>
      )}
    </Entry>
  );
}
