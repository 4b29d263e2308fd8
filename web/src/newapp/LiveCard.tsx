import { ExternalLink } from "lucide-react";
import type { App } from "@/api/types";
import { buttonClass } from "@/components/ui/button";
import { CopyButton } from "@/components/ui/copy";
import { Skeleton } from "@/components/ui/feedback";
import { Card } from "@/components/ui/layout";
import { t } from "@/i18n";
import { withoutScheme } from "@/lib/url";
import { useQrCode } from "./useQrCode";

/** A host that means the machine it is asked on. */
const isLocal = (url: string) => /^(localhost|.*\.localhost|127\..*|\[::1\])$/.test(new URL(url).hostname);

/** Where a live app answers: to open, to copy, to take to a phone. */
export function LiveCard({ app }: { app: App }) {
  const QrCode = useQrCode();
  return (
    <Card className="flex flex-wrap items-center justify-between gap-x-8 gap-y-5 border-ok-mark/50 p-4 sm:p-6">
      <div className="min-w-0 flex-1 basis-64">
        <p className="flex items-start gap-1 font-mono text-lg">
          <span className="min-w-0 [overflow-wrap:anywhere]">{withoutScheme(app.url)}</span>
          <CopyButton text={app.url} label={t("overview.copy_url", { url: withoutScheme(app.url) })} />
        </p>
        <a href={app.url} target="_blank" rel="noreferrer" className={buttonClass("primary", "md", "mt-3")}>
          <ExternalLink size={15} aria-hidden />
          {t("deployment.open")}
          <span className="sr-only">{t("common.new_tab")}</span>
        </a>
      </div>
      <div className="flex w-36 flex-col gap-2">
        {QrCode ? <QrCode url={app.url} /> : <Skeleton className="size-36" />}
        <p className="text-text-3 text-xs">{isLocal(app.url) ? t("watch.qr_local") : t("watch.qr_hint")}</p>
      </div>
    </Card>
  );
}
