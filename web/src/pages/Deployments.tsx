import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import { Page } from "@/app/Page";
import { DeployButton } from "@/components/DeployButton";
import { DeploymentList } from "@/components/deployments/DeploymentList";
import { FirstDeployment } from "@/components/FirstDeployment";
import { CommandHint } from "@/components/ui/copy";
import { PageHead } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useTitle } from "@/lib/title";

/** The deployments of one app. */
export default function Deployments() {
  const { app } = useParams({ from: "/shell/apps/$app/deployments" });
  const filter = useSearch({ from: "/shell/apps/$app/deployments" });
  const navigate = useNavigate({ from: "/apps/$app/deployments" });
  const { data: row } = useQuery(queries.app(app));
  useTitle(t("tab.deployments"), app);
  return (
    <Page>
      <PageHead title={t("tab.deployments")} actions={<DeployButton app={app} />}>
        {t("deployments.lead")}
      </PageHead>
      <DeploymentList
        key={app}
        app={app}
        filter={filter}
        onFilter={(search) => void navigate({ search, replace: true, resetScroll: false })}
        label={t("tab.deployments")}
        empty={
          row && (
            <div className="max-w-3xl">
              <FirstDeployment app={row} way="push" />
            </div>
          )
        }
      />
      <CommandHint className="mt-5" command={cli("deployments", app)} />
    </Page>
  );
}
