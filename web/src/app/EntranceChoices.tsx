import { Languages, SunMoon } from "lucide-react";
import type { ReactNode } from "react";
import { toast } from "@/components/ui/toast";
import { t } from "@/i18n";
import { chooseLanguage, type Language, languages, useLanguage } from "@/i18n/language";
import { chooseTheme, type Theme, useTheme } from "@/lib/theme";

/** Language and theme for those who are not signed in yet. */
export function EntranceChoices() {
  const theme = useTheme();
  const language = useLanguage();
  return (
    <div className="mt-4 flex flex-wrap justify-center gap-x-5 gap-y-1 text-sm text-text-2">
      <Choice icon={<Languages size={15} aria-hidden />} label={t("language.label")}>
        <select
          className="rounded-sm bg-transparent py-1.5 hover:text-text"
          value={language}
          onChange={(e) =>
            void chooseLanguage(e.target.value as Language).catch(() => toast(t("language.failed")))
          }
        >
          {languages.map(({ tag, name }) => (
            <option key={tag} value={tag} lang={tag} className="bg-surface text-text">
              {name}
            </option>
          ))}
        </select>
      </Choice>
      <Choice icon={<SunMoon size={15} aria-hidden />} label={t("theme.label")}>
        <select
          className="rounded-sm bg-transparent py-1.5 hover:text-text"
          value={theme}
          onChange={(e) => chooseTheme(e.target.value as Theme)}
        >
          {(["system", "light", "dark"] as const).map((one) => (
            <option key={one} value={one} className="bg-surface text-text">
              {t(`theme.${one}`)}
            </option>
          ))}
        </select>
      </Choice>
    </div>
  );
}

function Choice({ icon, label, children }: { icon: ReactNode; label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label className="inline-flex items-center gap-1.5">
      {icon}
      <span className="sr-only">{label}</span>
      {children}
    </label>
  );
}
