import { useInfiniteQuery } from "@tanstack/react-query";
import { Rocket } from "lucide-react";
import { queries } from "@/api/queries";
import { Page } from "@/app/Page";
import { DeploymentRow } from "@/components/DeploymentRow";
import { Pages } from "@/components/Pages";
import { Empty } from "@/components/ui/feedback";
import { PageHead } from "@/components/ui/layout";
import { t } from "@/i18n";
import { useTitle } from "@/lib/title";

/** The deployments of all apps, newest first. */
export default function AllDeployments() {
  useTitle(t("nav.deployments"));
  const query = useInfiniteQuery(queries.allDeployments());
  return (
    <Page>
      <PageHead title={t("nav.deployments")}>{t("deployments.all_lead")}</PageHead>
      <Pages
        query={query}
        label={t("nav.deployments")}
        row={(d) => <DeploymentRow key={d.id} deployment={d} withApp />}
        empty={<Empty icon={<Rocket size={28} aria-hidden />} title={t("deployments.empty")} />}
      />
    </Page>
  );
}
