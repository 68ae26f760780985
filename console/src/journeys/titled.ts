import type { Language } from "@/app/preferences";

/** What was typed is the title; the template's in the other language stands only where nothing else was typed: two journeys would be called the same there. */
export function titled(of: { zh: string; en: string }, typed: string, language: Language): { zh: string; en: string } {
  if (typed === (language === "en" ? of.en : of.zh)) return of;
  return { zh: typed, en: typed };
}
