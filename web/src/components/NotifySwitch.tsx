import { t } from "@/i18n";
import { setNotify, useNotify } from "@/lib/notify";
import { Switch } from "./ui/switch";

/** Whether this browser tells when a deployment ends. Nothing else asks for its leave. */
export function NotifySwitch() {
  const state = useNotify();
  const cannot = state === "blocked" || state === "unavailable";
  return (
    <Switch
      label={t("notify.switch")}
      hint={cannot ? t(`notify.${state}`) : t("notify.hint")}
      checked={state === "on"}
      disabled={cannot}
      onChange={(on) => void setNotify(on)}
    />
  );
}
