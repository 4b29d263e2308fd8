import { CopyButton } from "@/components/ui/copy";
import { t } from "@/i18n";
import { dnsRecord } from "./host";

/** The DNS record to make for a host name, each part to be copied. */
export function RecordNote({ host, automatic }: { host: string; automatic: string }) {
  const record = dnsRecord(host, automatic, location.hostname);
  const parts = [
    [t("domains.record_type"), record.type, undefined],
    [t("domains.record_name"), record.name, t("domains.copy_name")],
    [t("domains.record_value"), record.value, t("domains.copy_value")],
  ] as const;
  return (
    <div className="rounded-md bg-surface-2 px-3 py-2.5 text-sm">
      <p className="font-medium">{t("domains.record")}</p>
      <dl className="mt-1 grid grid-cols-[auto_minmax(0,1fr)] items-center gap-x-4">
        {parts.map(([word, value, copy]) => (
          <div key={word} className="contents">
            <dt className="text-text-3">{word}</dt>
            <dd className="flex min-h-8 min-w-0 items-center gap-1">
              {value === undefined ? (
                <span>{t("domains.record_unknown")}</span>
              ) : (
                <span className="min-w-0 break-all font-mono">{value}</span>
              )}
              {copy && value && <CopyButton text={value} label={copy} />}
            </dd>
          </div>
        ))}
      </dl>
      {record.apex && <p className="mt-1 text-text-2">{t("domains.record_apex")}</p>}
    </div>
  );
}
