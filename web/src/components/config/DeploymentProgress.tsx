import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import { queries } from "@/api/queries";
import { type DeploymentState, terminal } from "@/api/types";
import { buttonClass, IconButton } from "@/components/ui/button";
import { Card } from "@/components/ui/layout";
import { Progress } from "@/components/ui/progress";
import { DeploymentBadge } from "@/components/ui/status";
import { t } from "@/i18n";
import { cx } from "@/lib/cx";

interface DeploymentProgressProps {
  app: string;
  number: number;
  onClose: () => void;
  className?: string;
}

const phases: DeploymentState[] = ["queued", "building", "releasing", "deploying"];

/** How far the deployment is that a change led to, with the way to it. */
export function DeploymentProgress({ app, number, onClose, className }: DeploymentProgressProps) {
  const { data: d } = useQuery(queries.deployment(app, number));
  const state = d?.state ?? "queued";
  const over = terminal(state);
  return (
    <Card className={cx("p-4 sm:px-5", className)}>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <DeploymentBadge state={state} />
        <p className="min-w-0 flex-1 basis-40" role="status">
          {t(outcome(state), { n: number })}
        </p>
        <Link
          to="/apps/$app/deployments/$number"
          params={{ app, number: String(number) }}
          className={buttonClass("plain", "sm")}
        >
          {t("config.see_deployment")}
        </Link>
        <IconButton label={t("common.dismiss")} onClick={onClose}>
          <X size={15} aria-hidden />
        </IconButton>
      </div>
      <Progress
        className="mt-3"
        label={t("config.deployment", { n: number })}
        value={over ? phases.length : Math.max(0, phases.indexOf(state)) + 0.5}
        max={phases.length}
        tone={state === "succeeded" ? "ok" : state === "failed" ? "bad" : "accent"}
      />
    </Card>
  );
}

function outcome(state: DeploymentState) {
  if (state === "succeeded") return "config.live" as const;
  if (state === "failed" || state === "cancelled") return "config.not_live" as const;
  if (state === "superseded") return "config.superseded" as const;
  return "config.saved" as const;
}
