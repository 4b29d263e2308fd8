import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { queries } from "@/api/queries";
import { can } from "@/api/types";
import { Choice } from "@/components/Choice";
import { Button } from "@/components/ui/button";
import { t } from "@/i18n";
import { actionName, kinds, offered } from "./actions";
import { type ActivitySearch, isNarrowed } from "./search";

interface FiltersProps {
  search: ActivitySearch;
  /** Who is known to have done something. */
  people: readonly string[];
  onChange: (search: ActivitySearch) => void;
}

/** Narrows the activity; what is chosen stands in the address. */
export function Filters({ search, people, onChange }: FiltersProps) {
  const { data: me } = useQuery(queries.session());
  const { data: apps } = useQuery(queries.apps());
  const { data: users } = useQuery({ ...queries.users(), enabled: can(me, "admin") });
  const own = me?.user.email;
  const set = (part: ActivitySearch) => onChange({ ...search, ...part });
  const names = new Set((apps ?? []).map((app) => app.name));
  if (search.app) names.add(search.app);
  const others = new Set([...people, ...(users?.items ?? []).map((user) => user.email)]);
  if (search.by) others.add(search.by);
  if (own) others.delete(own);
  return (
    <search className="mb-4 flex flex-wrap items-end gap-2" aria-label={t("filter.label")}>
      <Choice
        label={t("filter.app")}
        value={search.app}
        onChange={(app) => set({ app })}
        all={t("filter.all_apps")}
      >
        {[...names].sort().map((name) => (
          <option key={name}>{name}</option>
        ))}
      </Choice>
      <Choice
        label={t("filter.by")}
        value={search.by}
        onChange={(by) => set({ by })}
        all={t("filter.all_people")}
      >
        {own && <option value={own}>{t("filter.me", { email: own })}</option>}
        {[...others].sort().map((email) => (
          <option key={email} value={email}>
            {email === "slipway" ? "Slipway" : email}
          </option>
        ))}
      </Choice>
      <Choice
        label={t("activity.action")}
        value={search.action}
        onChange={(action) => set({ action })}
        all={t("activity.all_actions")}
      >
        {search.action && !offered(search.action) && <option>{search.action}</option>}
        {kinds.map(({ kind, name, actions }) =>
          actions.length === 0 ? (
            <option key={kind} value={kind}>
              {t(name)}
            </option>
          ) : (
            <optgroup key={kind} label={t(name)}>
              <option value={kind}>{t("activity.all_of", { kind: t(name) })}</option>
              {actions.map((action) => (
                <option key={action} value={action}>
                  {actionName(action)}
                </option>
              ))}
            </optgroup>
          ),
        )}
      </Choice>
      {isNarrowed(search) && (
        <Button look="quiet" onClick={() => onChange({})}>
          <X size={15} aria-hidden />
          {t("filter.clear")}
        </Button>
      )}
    </search>
  );
}
