import { ChevronDown, ExternalLink, Trash2 } from "lucide-react";
import { useId, useState } from "react";
import type { Domain } from "@/api/types";
import { Button, IconButton } from "@/components/ui/button";
import { CopyButton } from "@/components/ui/copy";
import { Row } from "@/components/ui/layout";
import { Badge } from "@/components/ui/status";
import { t } from "@/i18n";
import { cx } from "@/lib/cx";
import { RecordNote } from "./RecordNote";

interface DomainRowProps {
  domain: Domain;
  /** Where it answers; a wildcard has no address of its own. */
  address: string | undefined;
  automatic: string;
  onRemove: (() => void) | undefined;
}

/** One host name of an app, with the DNS record that leads it here. */
export function DomainRow({
  domain: { host, automatic: own },
  address,
  automatic,
  onRemove,
}: DomainRowProps) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <Row>
      <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-1">
        <span className="flex min-w-0 flex-1 basis-48 flex-wrap items-center gap-x-2">
          {address ? (
            <a href={address} target="_blank" rel="noreferrer" className="link break-all font-mono">
              {host}
              <ExternalLink size={12} className="ml-1 inline" aria-hidden />
              <span className="sr-only">{t("common.new_tab")}</span>
            </a>
          ) : (
            <span className="break-all font-mono">{host}</span>
          )}
          {own && <Badge>{t("domains.automatic")}</Badge>}
          {host.startsWith("*.") && <Badge>{t("domains.wildcard")}</Badge>}
        </span>
        <span className="-mr-1.5 flex items-center">
          {!own && (
            <Button
              size="sm"
              look="quiet"
              aria-expanded={open}
              aria-controls={open ? id : undefined}
              onClick={() => setOpen(!open)}
            >
              {t("domains.dns")}
              <span className="sr-only">{host}</span>
              <ChevronDown size={14} className={cx(open && "rotate-180")} aria-hidden />
            </Button>
          )}
          <CopyButton text={host} label={t("domains.copy", { host })} />
          {!own && onRemove && (
            <IconButton label={t("domains.remove", { host })} onClick={onRemove}>
              <Trash2 size={15} aria-hidden />
            </IconButton>
          )}
        </span>
      </div>
      {own && <p className="mt-0.5 text-sm text-text-3">{t("domains.automatic_body")}</p>}
      {open && (
        <div id={id} className="mt-2">
          <RecordNote host={host} automatic={automatic} />
        </div>
      )}
    </Row>
  );
}
