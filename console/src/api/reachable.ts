/** What journeys name of messages and coupons: names and titles, for menus. */
import { queryOptions } from "@tanstack/react-query";
import type { Language } from "@/app/preferences";
import type { Option } from "@/conditions/names";
import { answer, client } from "./client";

export interface Named {
  name: string;
  title: { zh: string; en: string };
}

const MINUTE = 60_000;

export const reach = {
  messages: () => queryOptions({ queryKey: ["messages", "names"], queryFn: async ({ signal }): Promise<Named[]> => (await answer(client.GET("/api/v1/messages", { signal }))).items, staleTime: MINUTE }),
  /** What a message says on which channel. */
  contents: (name: string) =>
    queryOptions({ queryKey: ["messages", "contents", name], queryFn: async ({ signal }) => (await answer(client.GET("/api/v1/messages/{name}", { params: { path: { name } }, signal }))).check.contents, staleTime: MINUTE, retry: false }),
  coupons: () => queryOptions({ queryKey: ["coupons", "names"], queryFn: async ({ signal }): Promise<Named[]> => (await answer(client.GET("/api/v1/coupons", { signal }))).items, staleTime: MINUTE }),
};

export const optionsOf = (rows: Named[] | undefined, language: Language): Option[] =>
  (rows ?? []).map((one) => ({ value: one.name, label: (language === "en" ? one.title.en : one.title.zh) || one.name, search: `${one.name} ${one.title.zh} ${one.title.en}`.toLowerCase() }));
