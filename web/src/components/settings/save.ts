import { useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import { keys, queries } from "@/api/queries";
import type { App, UpdateApp } from "@/api/types";
import { toast } from "@/components/ui/toast";
import { t } from "@/i18n";
import { useAction } from "@/lib/form";

/** Saves a change of an app's settings and says what it led to. */
export function useSaveApp(app: App) {
  const client = useQueryClient();
  return useAction(async (revision: number, change: UpdateApp) => {
    const { deployment, ...saved } = await api.updateApp(app.name, revision, change);
    client.setQueryData(queries.app(app.name).queryKey, saved);
    void client.invalidateQueries({ queryKey: keys.app(app.name) });
    if (deployment) {
      toast(t("settings.saved_deploying", { n: deployment.number }), {
        to: `/apps/${app.name}/deployments/${deployment.number}`,
        label: t("config.see_deployment"),
      });
    } else toast(t("settings.saved"));
    return saved;
  });
}
