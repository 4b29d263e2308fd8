import { useInfiniteQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Rocket } from "lucide-react";
import { queries } from "@/api/queries";
import { Page } from "@/app/Page";
import { DeployButton } from "@/components/DeployButton";
import { DeploymentRow } from "@/components/DeploymentRow";
import { Pages } from "@/components/Pages";
import { CommandHint } from "@/components/ui/copy";
import { Empty } from "@/components/ui/feedback";
import { PageHead } from "@/components/ui/layout";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useTitle } from "@/lib/title";

/** The deployments of one app. */
export default function Deployments() {
  const { app } = useParams({ from: "/shell/apps/$app/deployments" });
  useTitle(t("tab.deployments"), app);
  const query = useInfiniteQuery(queries.deployments(app));
  return (
    <Page>
      <PageHead title={t("tab.deployments")} actions={<DeployButton app={app} />}>
        {t("deployments.lead")}
      </PageHead>
      <Pages
        query={query}
        label={t("tab.deployments")}
        row={(d) => <DeploymentRow key={d.id} deployment={d} />}
        empty={
          <Empty icon={<Rocket size={28} aria-hidden />} title={t("deployments.empty")}>
            {t("deployments.empty_body")}
          </Empty>
        }
      />
      <CommandHint className="mt-5" command={cli("deployments", app)} />
    </Page>
  );
}
