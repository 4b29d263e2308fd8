import { useParams } from "@tanstack/react-router";
import { Page } from "@/app/Page";
import { ConfigPanel } from "@/components/config/ConfigPanel";
import { t } from "@/i18n";
import { useTitle } from "@/lib/title";

/** The config vars of an app. */
export default function Config() {
  const { app } = useParams({ from: "/shell/apps/$app/config" });
  useTitle(t("tab.config"), app);
  return (
    <Page>
      <ConfigPanel key={app} app={app} />
    </Page>
  );
}
