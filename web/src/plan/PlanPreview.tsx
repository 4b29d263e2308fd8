import { queryOptions, useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import { keys } from "@/api/queries";
import type { Plan, PlanChange } from "@/api/types";
import { Skeleton } from "@/components/ui/feedback";
import { t } from "@/i18n";
import { stepWords } from "./words";

/** What a change would do, as long as it is asked for; it is asked anew each time. */
export const planQuery = (app: string, change: PlanChange) =>
  queryOptions({
    queryKey: [...keys.part(app, "plan"), change] as const,
    queryFn: () => api.plan(app, change),
    staleTime: 0,
    gcTime: 0,
  });

interface PlanPreviewProps {
  app: string;
  /** The one change that is about to be made. */
  change: PlanChange;
  className?: string;
}

/** The steps that a change would take on the cluster, for a dialog that asks before it is made. */
export function PlanPreview({ app, change, className }: PlanPreviewProps) {
  const { data: plan, error } = useQuery(planQuery(app, change));
  return (
    <section className={className} aria-label={t("plan.title")} aria-busy={!plan && !error}>
      <h3 className="mb-1.5 font-medium text-sm">{t("plan.title")}</h3>
      {plan ? (
        <PlanSteps plan={plan} />
      ) : error ? (
        // What the change itself says when it is refused counts; this is only ahead of it.
        <p className="text-sm text-text-2">{asProblem(error).message}</p>
      ) : (
        <Skeleton className="h-20" />
      )}
    </section>
  );
}

/** A plan's warnings and steps. */
export function PlanSteps({ plan }: { plan: Plan }) {
  const steps = plan.steps.filter((step) => step.action !== "keep");
  const kept = plan.steps.filter((step) => step.action === "keep");
  return (
    <div className="rounded-md bg-surface-2 px-3 py-2.5 text-sm">
      {plan.warnings.map((warning) => (
        <p key={warning.message} className="mb-1.5 flex gap-2 text-warn">
          <TriangleAlert size={15} className="mt-0.5 shrink-0" aria-hidden />
          <span>{warning.message}</span>
        </p>
      ))}
      {steps.length > 0 && (
        <ol className="max-h-56 list-decimal space-y-1 overflow-y-auto ps-5 tabular-nums">
          {steps.map((step) => {
            const { what, why } = stepWords(step);
            return (
              <li key={`${step.action} ${step.process} ${step.release} ${step.volume ?? ""} ${step.indexes}`}>
                {what}
                {why && <span className="block text-text-2">{why}</span>}
              </li>
            );
          })}
        </ol>
      )}
      {steps.length === 0 && plan.possible && <p>{t("plan.nothing")}</p>}
      {plan.holds && <p className="mt-1.5 text-text-2">{t("plan.holds")}</p>}
      {kept.length > 0 && steps.length > 0 && (
        <p className="mt-1.5 text-text-2">{kept.map((step) => stepWords(step).what).join(" · ")}</p>
      )}
    </div>
  );
}
