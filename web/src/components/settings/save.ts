import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import { keys, queries } from "@/api/queries";
import type { App, UpdateApp } from "@/api/types";
import { toast } from "@/components/ui/toast";
import { t } from "@/i18n";
import { useAction } from "@/lib/form";

/**
 * Saves a part of an app's settings and says what it led to. own gives what the
 * part shows: where somebody else changed only other things meanwhile, it is
 * saved all the same; otherwise clash is true, and the new state is fetched.
 */
export function useSaveApp(app: App, own: (app: App) => unknown) {
  const client = useQueryClient();
  const [clash, setClash] = useState(false);
  const action = useAction(async (change: UpdateApp) => {
    const send = (revision: number) => api.updateApp(app.name, revision, change);
    const { deployment, ...saved } = await send(app.revision).catch(async (error) => {
      if (asProblem(error).status !== 412) throw error;
      const fresh = await client.fetchQuery({ ...queries.app(app.name), staleTime: 0 });
      if (JSON.stringify(own(fresh)) !== JSON.stringify(own(app))) {
        setClash(true);
        throw error;
      }
      return send(fresh.revision);
    });
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
  return {
    ...action,
    clash,
    run: (change: UpdateApp) => {
      setClash(false);
      return action.run(change);
    },
    /** The problem, unless it stands beside a field or is the clash, which has words of its own. */
    general: (...shown: string[]) => (clash ? undefined : action.general(...shown)),
    reset: () => {
      setClash(false);
      action.reset();
    },
  };
}
