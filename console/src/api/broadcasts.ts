/** Broadcasts: one message to everybody of an audience, once. */
import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { JsonObject } from "@/conditions/model";
import { answer, client } from "./client";
import type { components } from "./schema";

type Schema<N extends keyof components["schemas"]> = components["schemas"][N];

export type BroadcastRow = Schema<"BroadcastRow">;
export type BroadcastDetail = Omit<Schema<"BroadcastDetail">, "definition"> & { definition: JsonObject };
export type BroadcastStatus = BroadcastRow["status"];
export type Deed = "start" | "pause" | "resume" | "cancel";

export const broadcasts = {
  all: () =>
    infiniteQueryOptions({
      queryKey: ["broadcasts"],
      queryFn: ({ signal, pageParam }) => answer(client.GET("/api/v1/broadcasts", { params: { query: { before: pageParam, limit: 50 } }, signal })),
      initialPageParam: undefined as number | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
    }),
  one: (name: string) =>
    queryOptions({ queryKey: ["broadcasts", name], queryFn: async ({ signal }) => (await answer(client.GET("/api/v1/broadcasts/{name}", { params: { path: { name } }, signal }))) as BroadcastDetail }),
  forecast: (name: string, version: number) =>
    queryOptions({
      queryKey: ["broadcast-forecast", name, version],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/broadcasts/{name}/forecast", { params: { path: { name } }, signal })),
    }),
  check: (definition: JsonObject) =>
    queryOptions({
      queryKey: ["broadcast-check", definition],
      queryFn: ({ signal }) => answer(client.POST("/api/v1/broadcasts/check", { body: { definition }, signal })),
      placeholderData: keepPreviousData,
    }),
};

/** Saves a new draft (`name` undefined), or changes one; what a second person was asked is then to be asked again. */
export function useSaveBroadcast(name: string | undefined, version?: number) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (definition: JsonObject) =>
      name === undefined
        ? answer(client.POST("/api/v1/broadcasts", { body: { definition } }))
        : answer(client.PUT("/api/v1/broadcasts/{name}", { params: { path: { name } }, body: { definition, version } })),
    onSuccess: () => Promise.all([cache.invalidateQueries({ queryKey: ["broadcasts"] }), cache.invalidateQueries({ queryKey: ["approvals"] })]),
  });
}

export function useDropBroadcast() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => answer(client.DELETE("/api/v1/broadcasts/{name}", { params: { path: { name } } })),
    onSuccess: (_, name) => {
      cache.removeQueries({ queryKey: ["broadcasts", name] });
      return cache.invalidateQueries({ queryKey: ["broadcasts"], exact: true });
    },
  });
}

export function useBroadcastDeed(name: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (deed: Deed) => {
      const params = { path: { name } };
      if (deed === "start") return answer(client.POST("/api/v1/broadcasts/{name}/start", { params }));
      if (deed === "pause") return answer(client.POST("/api/v1/broadcasts/{name}/pause", { params }));
      if (deed === "resume") return answer(client.POST("/api/v1/broadcasts/{name}/resume", { params }));
      return answer(client.POST("/api/v1/broadcasts/{name}/cancel", { params }));
    },
    onSettled: () => Promise.all([cache.invalidateQueries({ queryKey: ["broadcasts"] }), cache.invalidateQueries({ queryKey: ["deliveries"] })]),
  });
}
