/** Consent: what people said, how they stand, the texts they were shown, and who gets nothing. */
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";

type Schema<N extends keyof components["schemas"]> = components["schemas"][N];

export type ConsentEntry = Schema<"ConsentEntry">;
export type Standing = Schema<"ConsentStanding">;
export type Notice = Schema<"NoticeRow">;
export type Suppression = Schema<"SuppressionRow">;
export type Statement = Pick<Schema<"ConsentStatement">, "customer_id" | "choices" | "reason">;
export type SuppressionInput = Schema<"SuppressionInput">;

export const consents = {
  of: (customer: number) => queryOptions({ queryKey: ["consents", customer], queryFn: ({ signal }) => answer(client.GET("/api/v1/consents", { params: { query: { customer } }, signal })) }),
  ledger: (customer: number | undefined, channel: string | undefined) =>
    infiniteQueryOptions({
      queryKey: ["consents", "ledger", customer, channel],
      queryFn: ({ signal, pageParam }) => answer(client.GET("/api/v1/consents/ledger", { params: { query: { customer, channel, before: pageParam, limit: 50 } }, signal })),
      initialPageParam: undefined as number | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
    }),
  notices: () => queryOptions({ queryKey: ["notices"], queryFn: ({ signal }) => answer(client.GET("/api/v1/notices", { signal })) }),
  suppressions: (live: boolean) =>
    infiniteQueryOptions({
      queryKey: ["suppressions", live],
      queryFn: ({ signal, pageParam }) => answer(client.GET("/api/v1/suppressions", { params: { query: { live, before: pageParam, limit: 50 } }, signal })),
      initialPageParam: undefined as number | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
    }),
};

/** Writes down what somebody wished; the ledger follows within moments. */
export function useStateWish() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: Statement) => answer(client.POST("/api/v1/consents", { body: { evidence: "", notice: "", notice_hash: "", ...body } })),
    onSuccess: async () => {
      await new Promise((done) => setTimeout(done, 1500));
      await cache.invalidateQueries({ queryKey: ["consents"] });
    },
  });
}

export function usePreferenceLink() {
  return useMutation({ mutationFn: (customer: number) => answer(client.POST("/api/v1/consents/link", { params: { query: { customer } } })) });
}

export function useAddNotice() {
  const cache = useQueryClient();
  return useMutation({ mutationFn: (body: Schema<"NoticeInput">) => answer(client.POST("/api/v1/notices", { body })), onSuccess: () => cache.invalidateQueries({ queryKey: ["notices"] }) });
}

export function useSuppress() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: SuppressionInput) => answer(client.POST("/api/v1/suppressions", { body })),
    onSuccess: () => Promise.all([cache.invalidateQueries({ queryKey: ["suppressions"] }), cache.invalidateQueries({ queryKey: ["consents"] })]),
  });
}

export function useLift() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ id, reason }: { id: number; reason: string }) => answer(client.POST("/api/v1/suppressions/{id}/lift", { params: { path: { id } }, body: { reason } })),
    onSuccess: () => Promise.all([cache.invalidateQueries({ queryKey: ["suppressions"] }), cache.invalidateQueries({ queryKey: ["consents"] })]),
  });
}
