import { useTranslation } from "react-i18next";
import type { Language } from "@/app/preferences";
import { type Title, titleOf } from "./title";

/** The viewer's texts: `t` for the catalogue, `title` for names that come with titles in both languages. */
export function useText() {
  const { t, i18n } = useTranslation();
  const language: Language = i18n.language === "en" ? "en" : "zh-CN";
  return {
    t,
    language,
    title: (title: Title, name: string): string => titleOf(title, language, name),
    /** What a value is called, by the titles that come with what it is a value of. */
    valueTitle: (titles: Record<string, Title> | undefined, value: string): string => titleOf(titles !== undefined && Object.hasOwn(titles, value) ? titles[value] : undefined, language, value),
  };
}
