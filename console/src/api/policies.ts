/** The contact policy, days of rest, and the pace of sending accounts. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { JsonObject } from "@/conditions/model";
import { answer, client } from "./client";
import type { components } from "./schema";

type Schema<N extends keyof components["schemas"]> = components["schemas"][N];

export type PolicyDetail = Omit<Schema<"PolicyDetail">, "definition"> & { definition: JsonObject };
export type SendingAccount = Schema<"SendingAccount">;

export const policies = {
  current: () => queryOptions({ queryKey: ["policies"], queryFn: async ({ signal }) => (await answer(client.GET("/api/v1/policies", { signal }))) as PolicyDetail }),
  check: (definition: JsonObject) =>
    queryOptions({
      queryKey: ["policy-check", definition],
      queryFn: ({ signal }) => answer(client.POST("/api/v1/policies/check", { body: { definition, reason: "" }, signal })),
      placeholderData: keepPreviousData,
    }),
  holidays: (calendar: string, year: number) =>
    queryOptions({ queryKey: ["holidays", calendar, year], queryFn: ({ signal }) => answer(client.GET("/api/v1/policies/holidays", { params: { query: { calendar, year } }, signal })), placeholderData: keepPreviousData }),
  accounts: () => queryOptions({ queryKey: ["accounts"], queryFn: ({ signal }) => answer(client.GET("/api/v1/accounts", { signal })), refetchInterval: 10_000 }),
};

export function useSavePolicy() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { definition: JsonObject; reason: string; version: number }) => answer(client.PUT("/api/v1/policies", { body })),
    onSuccess: () => Promise.all([cache.invalidateQueries({ queryKey: ["policies"] }), cache.invalidateQueries({ queryKey: ["accounts"] })]),
  });
}

export function useAccountAct() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ touchpoint, act }: { touchpoint: string; act: "pause" | "resume" }) => {
      const params = { path: { touchpoint } };
      return act === "pause" ? answer(client.POST("/api/v1/accounts/{touchpoint}/pause", { params })) : answer(client.POST("/api/v1/accounts/{touchpoint}/resume", { params }));
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: ["accounts"] }),
  });
}
