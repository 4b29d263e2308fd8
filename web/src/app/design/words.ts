import { design as en } from "@/i18n/en/design";
import { useLanguage } from "@/i18n/language";
import { design as zh } from "@/i18n/zh/design";

export type DesignWords = Record<keyof typeof en, string>;

/** The words of this page in the reader's language. */
export function useWords(): DesignWords {
  return useLanguage() === "zh-CN" ? zh : en;
}
