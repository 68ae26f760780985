/** What journeys name of messages, coupons and other journeys: names and titles, for menus. */
import { queryOptions } from "@tanstack/react-query";
import type { Language } from "@/app/preferences";
import type { Option } from "@/conditions/names";
import { ask } from "./ask";

export interface Named {
  name: string;
  title: { zh: string; en: string };
}

export interface NamedMessage extends Named {
  contents: { template: string; channel: string; kind: string | null }[];
  category: string | null;
}

const MINUTE = 60_000;

export const reach = {
  messages: () => queryOptions({ queryKey: ["messages", "names"], queryFn: async ({ signal }) => (await ask<{ items: NamedMessage[] }>("GET", "/messages", { signal })).items, staleTime: MINUTE, retry: false }),
  coupons: () => queryOptions({ queryKey: ["coupons", "names"], queryFn: async ({ signal }) => (await ask<{ items: Named[] }>("GET", "/coupons", { signal })).items, staleTime: MINUTE, retry: false }),
};

export const optionsOf = (rows: Named[] | undefined, language: Language): Option[] =>
  (rows ?? []).map((one) => ({ value: one.name, label: (language === "en" ? one.title.en : one.title.zh) || one.name, search: `${one.name} ${one.title.zh} ${one.title.en}`.toLowerCase() }));
