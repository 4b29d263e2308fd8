import type { PlanStep } from "@/api/types";
import { t, tn, tWord } from "@/i18n";

/** What a step does, and why where that needs saying. */
export function stepWords(step: PlanStep): { what: string; why?: string } {
  const why = step.why && step.action !== "hold" ? tWord("plan.why", step.why) : undefined;
  return { what: whatWords(step), why: why || undefined };
}

function whatWords(step: PlanStep): string {
  const { cluster, volume = "" } = step;
  const who = t("plan.who", {
    process: step.process,
    release: step.release,
    instances: tn("plan.instances", step.count),
  });
  switch (step.action) {
    case "publish_image":
      return t("plan.publish_image", { cluster });
    case "make_network":
      return t("plan.make_network", { cluster });
    case "remove_network":
      return t("plan.remove_network", { cluster });
    case "make_volume":
      return t("plan.make_volume", { volume, cluster });
    case "remove_volume":
      return t("plan.remove_volume", { volume });
    case "hold":
      return t("plan.hold");
    case "retire":
      return t("plan.retire", { who });
    case "drain":
      return t("plan.drain", { who });
    case "create":
      return placed(step)
        ? t("plan.create_on", { who, cluster, labels: placed(step) })
        : t("plan.create", { who, cluster });
    case "start":
      return t("plan.start", { who });
    case "replace":
      return t("plan.replace", { who });
    case "remove":
      return t("plan.remove", { who, cluster });
    case "switch":
      return t("plan.switch", { who });
    case "keep":
      return t("plan.keep", { who });
  }
}

const placed = (step: PlanStep) =>
  Object.entries(step.placement)
    .map(([label, value]) => `${label}=${value}`)
    .sort()
    .join(" ");
