import { Field, Select } from "@/components/ui/field";
import { Segmented } from "@/components/ui/segmented";
import { toast } from "@/components/ui/toast";
import { t } from "@/i18n";
import { chooseLanguage, type Language, languages, useLanguage } from "@/i18n/language";
import { chooseTheme, type Theme, useTheme } from "@/lib/theme";

const themes: readonly Theme[] = ["system", "light", "dark"];

/** Language and theme of this browser; both take effect at once. */
export function Appearance() {
  const language = useLanguage();
  const theme = useTheme();
  return (
    <div className="flex flex-wrap items-end gap-x-8 gap-y-4">
      <Field label={t("language.label")} className="w-44">
        <Select
          value={language}
          onChange={(e) =>
            void chooseLanguage(e.target.value as Language).catch(() => toast(t("language.failed")))
          }
        >
          {languages.map(({ tag, name }) => (
            <option key={tag} value={tag} lang={tag}>
              {name}
            </option>
          ))}
        </Select>
      </Field>
      <div>
        <div className="mb-1.5 font-medium text-sm" aria-hidden>
          {t("theme.label")}
        </div>
        <Segmented
          label={t("theme.label")}
          value={theme}
          onChange={chooseTheme}
          options={themes.map((value) => ({ value, label: t(`theme.${value}`) }))}
        />
      </div>
    </div>
  );
}
