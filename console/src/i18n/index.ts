import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type { Language } from "@/app/preferences";
import type zhDestinations from "./destinations.zh-CN.json";
import type zhImports from "./imports.zh-CN.json";
import type zhJourneys from "./journeys.zh-CN.json";
import type zhReach from "./reach.zh-CN.json";
import type zhSandbox from "./sandbox.zh-CN.json";
import type zhTables from "./tables.zh-CN.json";
import type zhTags from "./tags.zh-CN.json";
import type zh from "./zh-CN.json";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof zh & typeof zhTags & typeof zhJourneys & typeof zhReach & typeof zhSandbox & typeof zhDestinations & typeof zhImports & typeof zhTables };
  }
}

const catalogues: Record<Language, () => Promise<{ default: object }>> = {
  "zh-CN": () => import("./zh-CN.json"),
  en: () => import("./en.json"),
};

/** Texts that only some pages need: they come with those pages. */
const parts = {
  destinations: { "zh-CN": () => import("./destinations.zh-CN.json"), en: () => import("./destinations.en.json") },
  imports: { "zh-CN": () => import("./imports.zh-CN.json"), en: () => import("./imports.en.json") },
  journeys: { "zh-CN": () => import("./journeys.zh-CN.json"), en: () => import("./journeys.en.json") },
  reach: { "zh-CN": () => import("./reach.zh-CN.json"), en: () => import("./reach.en.json") },
  sandbox: { "zh-CN": () => import("./sandbox.zh-CN.json"), en: () => import("./sandbox.en.json") },
  tables: { "zh-CN": () => import("./tables.zh-CN.json"), en: () => import("./tables.en.json") },
  tags: { "zh-CN": () => import("./tags.zh-CN.json"), en: () => import("./tags.en.json") },
} satisfies Record<string, Record<Language, () => Promise<{ default: object }>>>;
export type Part = keyof typeof parts;

const opened = new Set<Part>();
const loaded = new Set<string>();

async function load(part: Part, language: Language): Promise<void> {
  if (loaded.has(`${part} ${language}`)) return;
  i18next.addResourceBundle(language, "translation", (await parts[part][language]()).default, true);
  loaded.add(`${part} ${language}`);
}

/** Has the texts of some pages from now on, in the language that is shown and in others when they are. */
export async function openTexts(part: Part): Promise<void> {
  opened.add(part);
  await load(part, i18next.language === "en" ? "en" : "zh-CN");
}

/** Load a language's texts if they are not there yet, then show them; `<html lang>` follows. */
export async function showLanguage(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, "translation")) {
    i18next.addResourceBundle(language, "translation", (await catalogues[language]()).default);
  }
  await Promise.all([...opened].map((part) => load(part, language)));
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

export async function startTexts(language: Language): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: {},
    lng: language,
    fallbackLng: false,
    supportedLngs: ["zh-CN", "en"],
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  await showLanguage(language);
}
