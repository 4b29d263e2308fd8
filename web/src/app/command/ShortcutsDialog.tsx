import { Dialog } from "@/components/ui/dialog";
import { Kbd } from "@/components/ui/kbd";
import { Switch } from "@/components/ui/switch";
import { type PlainKey, t } from "@/i18n";
import { logShortcuts } from "@/logs/keys";
import { appActions, appPages, others, pages, setShortcuts, useShortcutsOn } from "./shortcuts";

interface Group {
  title: PlainKey;
  list: readonly { keys: string; label: PlainKey }[];
}

/** Lists what the keys do, and turns those without a modifier on and off. */
export function ShortcutsDialog({
  onOpenChange,
  inApp,
}: {
  onOpenChange: (open: boolean) => void;
  inApp: boolean;
}) {
  const on = useShortcutsOn();
  const groups: Group[] = [
    { title: "shortcuts.everywhere", list: others },
    { title: "shortcuts.go", list: pages },
    { title: "shortcuts.app", list: [...appPages, ...appActions] },
    { title: "tab.logs", list: logShortcuts },
  ];
  return (
    <Dialog open onOpenChange={onOpenChange} title={t("shortcuts.title")} wide>
      <div className="grid gap-x-8 gap-y-4 sm:grid-cols-2">
        {groups.map((group) => (
          <section
            key={group.title}
            className={
              group.title === "shortcuts.app" ? "sm:col-start-2 sm:row-span-2 sm:row-start-1" : undefined
            }
          >
            <h3 className="mb-1.5 text-sm text-text-3">
              {t(group.title)}
              {group.title === "shortcuts.app" && !inApp && ` (${t("shortcuts.app_only")})`}
            </h3>
            <dl className="space-y-1">
              {group.list.map(({ keys, label }) => (
                <div key={keys} className="flex items-center justify-between gap-3">
                  <dt className="min-w-0 truncate">{t(label)}</dt>
                  <dd>
                    <Kbd keys={keys} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <Switch
        className="mt-5 border-t pt-4"
        label={t("shortcuts.switch")}
        hint={t("shortcuts.switch_hint")}
        checked={on}
        onChange={setShortcuts}
      />
    </Dialog>
  );
}
