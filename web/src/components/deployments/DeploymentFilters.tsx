import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { queries } from "@/api/queries";
import { Choice } from "@/components/Choice";
import { Button } from "@/components/ui/button";
import { type DeploymentFilter, isFiltering, stateFilters, triggers } from "@/deployments/filter";
import { t, tWord } from "@/i18n";

interface FiltersProps {
  filter: DeploymentFilter;
  people: readonly string[];
  onChange: (filter: DeploymentFilter) => void;
  /** Offer the apps to choose from. */
  withApps?: boolean;
}

/** Narrows a list of deployments; what is chosen stands in the address. */
export function DeploymentFilters({ filter, people, onChange, withApps }: FiltersProps) {
  const { data: me } = useQuery(queries.session());
  const { data: apps } = useQuery({ ...queries.apps(), enabled: Boolean(withApps) });
  const own = me?.user.email;
  const others = people.filter((one) => one !== own);
  const set = (part: DeploymentFilter) => onChange({ ...filter, ...part });
  const names = new Set((apps ?? []).map((app) => app.name));
  if (filter.app) names.add(filter.app);
  return (
    <search className="mb-4 flex flex-wrap items-end gap-2" aria-label={t("filter.label")}>
      <Choice
        label={t("filter.state")}
        value={filter.state}
        onChange={(state) => set({ state: stateFilters.find((one) => one === state) })}
        all={t("filter.all_states")}
      >
        {stateFilters.map((state) => (
          <option key={state} value={state}>
            {tWord("filter_state", state)}
          </option>
        ))}
      </Choice>
      {withApps && (
        <Choice
          label={t("filter.app")}
          value={filter.app}
          onChange={(app) => set({ app })}
          all={t("filter.all_apps")}
        >
          {[...names].sort().map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Choice>
      )}
      <Choice
        label={t("filter.trigger")}
        value={filter.trigger}
        onChange={(trigger) => set({ trigger: triggers.find((one) => one === trigger) })}
        all={t("filter.all_triggers")}
      >
        {triggers.map((trigger) => (
          <option key={trigger} value={trigger}>
            {tWord("trigger", trigger)}
          </option>
        ))}
      </Choice>
      <Choice
        label={t("filter.by")}
        value={filter.by}
        onChange={(by) => set({ by })}
        all={t("filter.all_people")}
      >
        {own && <option value={own}>{t("filter.me", { email: own })}</option>}
        {others.map((email) => (
          <option key={email}>{email}</option>
        ))}
      </Choice>
      {isFiltering(filter) && (
        <Button look="quiet" onClick={() => onChange({})}>
          <X size={15} aria-hidden />
          {t("filter.clear")}
        </Button>
      )}
    </search>
  );
}
