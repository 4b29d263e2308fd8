import { LayoutGrid, Rows3, Search } from "lucide-react";
import { Input, Select } from "@/components/ui/field";
import { Segmented } from "@/components/ui/segmented";
import { t } from "@/i18n";
import { useSearchText, useTypedSearch } from "@/lib/search";
import { Legend } from "./Marks";
import { type Look, nodeFilters, type Order, orders } from "./model";

interface TopologyBarProps {
  shown: number;
  all: number;
  look: Look;
}

/** What of a topology is shown, and how; the address holds it. */
export function TopologyBar({ shown, all, look }: TopologyBarProps) {
  const [text, setText] = useTypedSearch("q");
  const [state, setState] = useSearchText("state");
  const [sort, setSort] = useSearchText("sort");
  const [, setLook] = useSearchText("look");
  return (
    <div className="mb-3">
      <div className="flex flex-wrap items-center gap-2">
        <div className="relative min-w-40 flex-1 max-sm:basis-full sm:max-w-72">
          <Search
            size={15}
            className="-translate-y-1/2 pointer-events-none absolute top-1/2 left-2.5 text-text-3"
            aria-hidden
          />
          <Input
            type="search"
            aria-label={t("nodes.search")}
            placeholder={t("nodes.search")}
            className="pl-8!"
            value={text}
            onChange={(e) => setText(e.target.value)}
          />
        </div>
        <Select
          aria-label={t("nodes.filter")}
          marked={state !== ""}
          className="w-36 max-sm:flex-1"
          value={state}
          onChange={(e) => setState(e.target.value)}
        >
          <option value="">{t("nodes.any")}</option>
          {nodeFilters.map((one) => (
            <option key={one} value={one}>
              {t(`nodes.filter.${one}`)}
            </option>
          ))}
        </Select>
        <Select
          aria-label={t("nodes.sort")}
          className="w-40 max-sm:flex-1"
          value={sort || "name"}
          onChange={(e) => setSort(e.target.value === "name" ? "" : (e.target.value as Order))}
        >
          {orders.map((one) => (
            <option key={one} value={one}>
              {t(`nodes.sort.${one}`)}
            </option>
          ))}
        </Select>
        <Segmented
          label={t("nodes.look")}
          value={look}
          onChange={setLook}
          options={[
            { value: "cards", label: <Rows3 size={15} aria-hidden />, name: t("nodes.look.cards") },
            { value: "tiles", label: <LayoutGrid size={15} aria-hidden />, name: t("nodes.look.tiles") },
          ]}
        />
      </div>
      <div className="mt-2 flex flex-wrap items-center justify-between gap-x-6 gap-y-1">
        <p className="text-sm text-text-3 tabular-nums" role="status">
          {t("nodes.matching", { shown, all })}
        </p>
        <Legend />
      </div>
    </div>
  );
}
