import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { queries } from "@/api/queries";
import { can, type Domain } from "@/api/types";
import { Page } from "@/app/Page";
import { AddDomain } from "@/components/domains/AddDomain";
import { DomainRow } from "@/components/domains/DomainRow";
import { RemoveDomain } from "@/components/domains/RemoveDomain";
import { CommandHint } from "@/components/ui/copy";
import { ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { Card, PageHead, Rows } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useTitle } from "@/lib/title";

/** The host names that lead to an app. */
export default function Domains() {
  const { app } = useParams({ from: "/shell/apps/$app/domains" });
  useTitle(t("tab.domains"), app);
  return (
    <Page width="narrow">
      <PageHead title={t("tab.domains")}>{t("domains.lead")}</PageHead>
      <DomainList key={app} app={app} />
      <CommandHint className="mt-5" command={cli("domains", app)} />
    </Page>
  );
}

export function DomainList({ app }: { app: string }) {
  const { data, error, isPending, refetch } = useQuery(queries.domains(app));
  const { data: me } = useQuery(queries.session());
  const { data: shown } = useQuery(queries.app(app));
  const [removing, setRemoving] = useState<Domain>();
  const may = can(me, "write");
  const addressOf = (host: string) => shown?.urls.find((url) => new URL(url).hostname === host);
  const automatic = data?.items.find((domain) => domain.automatic)?.host ?? "";
  return (
    <>
      {may && data && <AddDomain app={app} known={data.items.map((one) => one.host)} automatic={automatic} />}
      {isPending && <SkeletonRows rows={4} />}
      {error && <ErrorNote error={error} onRetry={() => void refetch()} className="mb-4" />}
      {data && (
        <Card className="overflow-hidden">
          <Rows label={t("tab.domains")}>
            {data.items.map((domain) => (
              <DomainRow
                key={domain.id || domain.host}
                domain={domain}
                address={addressOf(domain.host)}
                automatic={automatic}
                onRemove={may ? () => setRemoving(domain) : undefined}
              />
            ))}
          </Rows>
        </Card>
      )}
      <RemoveDomain app={app} domain={removing} onClose={() => setRemoving(undefined)} />
    </>
  );
}
