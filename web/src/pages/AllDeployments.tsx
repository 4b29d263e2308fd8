import { useNavigate, useSearch } from "@tanstack/react-router";
import { Page } from "@/app/Page";
import { DeploymentList } from "@/components/deployments/DeploymentList";
import { PageHead } from "@/components/ui/layout";
import { t } from "@/i18n";
import { useTitle } from "@/lib/title";

/** The deployments of all apps, newest first. */
export default function AllDeployments() {
  const filter = useSearch({ from: "/shell/deployments" });
  const navigate = useNavigate({ from: "/deployments" });
  useTitle(t("nav.deployments"));
  return (
    <Page>
      <PageHead title={t("nav.deployments")}>{t("deployments.all_lead")}</PageHead>
      <DeploymentList
        filter={filter}
        onFilter={(search) => void navigate({ search, replace: true, resetScroll: false })}
        label={t("nav.deployments")}
      />
    </Page>
  );
}
