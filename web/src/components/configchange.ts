import type { ConfigChange } from "@/api/types";
import { t } from "@/i18n";
import { toast } from "./ui/toast";

/** Says what a change of config led to, with the way to it. */
export function tellConfigChange(app: string, change: ConfigChange): void {
  const d = change.deployment;
  if (!d) {
    toast(t("config.saved_only"));
    return;
  }
  toast(t("config.saved", { n: d.number }), {
    to: `/apps/${app}/deployments/${d.number}`,
    label: t("config.see_deployment"),
  });
}
