import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import { can } from "@/api/types";
import { Page } from "@/app/Page";
import { MoveSection } from "@/clusters/MoveSection";
import { BuildSection } from "@/components/settings/BuildSection";
import { DeployingSection } from "@/components/settings/DeployingSection";
import { DestroySection } from "@/components/settings/DestroySection";
import { PlacingSection } from "@/components/settings/PlacingSection";
import { ServingSection } from "@/components/settings/ServingSection";
import { SourceSection } from "@/components/settings/SourceSection";
import { VolumesSection } from "@/components/settings/VolumesSection";
import { WebhookSection } from "@/components/settings/WebhookSection";
import { ErrorNote, SkeletonRows } from "@/components/ui/feedback";
import { PageHead } from "@/components/ui/layout";
import { t } from "@/i18n";
import { useTitle } from "@/lib/title";

/** How an app is built and served, where its source comes from, and its end. */
export default function Settings() {
  const { app: name } = useParams({ from: "/shell/apps/$app/settings" });
  useTitle(t("tab.settings"), name);
  const { data: app, error, refetch } = useQuery(queries.app(name));
  const { data: me } = useQuery(queries.session());
  const may = can(me, "write");
  return (
    <Page width="narrow">
      <PageHead title={t("tab.settings")}>{!may && me ? t("settings.may_not") : t("settings.lead")}</PageHead>
      {!app && error ? (
        <ErrorNote error={error} onRetry={() => void refetch()} />
      ) : !app ? (
        <SkeletonRows rows={6} />
      ) : (
        <div className="space-y-5">
          <SourceSection key={`source-${name}`} app={app} may={may} />
          <BuildSection key={`build-${name}`} app={app} may={may} />
          <ServingSection key={`serving-${name}`} app={app} may={may} />
          <PlacingSection key={`placing-${name}`} app={app} may={may} />
          <DeployingSection key={`deploying-${name}`} app={app} may={may} />
          <MoveSection key={`move-${name}`} app={app} may={may} />
          <VolumesSection key={`volumes-${name}`} app={app} may={may} />
          <WebhookSection key={`webhook-${name}`} app={app} may={may} />
          {may && <DestroySection key={`destroy-${name}`} app={app} />}
        </div>
      )}
    </Page>
  );
}
