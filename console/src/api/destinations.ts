/** Destinations: where the pool's rows go, again and again. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { JsonObject } from "@/conditions/model";
import { answer, client } from "./client";
import type { components } from "./schema";

type Schema<N extends keyof components["schemas"]> = components["schemas"][N];

export type DestinationRow = Schema<"DestinationSummary">;
export type DestinationRun = Schema<"DestinationRun">;
export type DestinationDetail = Omit<Schema<"DestinationDetail">, "body"> & { body: JsonObject };

export const destinations = {
  all: () => queryOptions({ queryKey: ["destinations"], queryFn: ({ signal }) => answer(client.GET("/api/v1/destinations", { signal })) }),
  one: (name: string) =>
    queryOptions({
      queryKey: ["destinations", name],
      queryFn: async ({ signal }) => (await answer(client.GET("/api/v1/destinations/{name}", { params: { path: { name } }, signal }))) as DestinationDetail,
    }),
};

function useRefresh(): () => Promise<unknown> {
  const cache = useQueryClient();
  return () => cache.invalidateQueries({ queryKey: ["destinations"] });
}

interface Saved {
  name: string;
  body: JsonObject;
  /** Secrets to keep first: the place in `to`, and the value. Their references go into the body. */
  secrets: Record<string, string>;
  version?: number;
  reason: string;
}

/** Keeps secrets that were typed, then saves the definition with references to them. */
export function useSaveDestination() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async ({ name, body, secrets, version, reason }: Saved) => {
      const to: JsonObject = { ...(body.to as JsonObject) };
      for (const [setting, value] of Object.entries(secrets)) {
        const kept = await answer(client.PUT("/api/v1/destinations/{name}/secrets/{setting}", { params: { path: { name, setting } }, body: { value } }));
        to[setting] = kept.reference;
      }
      return answer(client.PUT("/api/v1/destinations/{name}", { params: { path: { name } }, body: { body: { ...body, to }, version, reason } }));
    },
    onSuccess: refresh,
  });
}

export function useDeleteDestination() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => answer(client.DELETE("/api/v1/destinations/{name}", { params: { path: { name } } })),
    // Its own page still stands until the list is shown: it must not be asked for again.
    onSuccess: (_, name) => {
      cache.removeQueries({ queryKey: ["destinations", name] });
      return cache.invalidateQueries({ queryKey: ["destinations"], exact: true });
    },
  });
}

export function usePreview(name: string) {
  return useMutation({ mutationFn: () => answer(client.POST("/api/v1/destinations/{name}/preview", { params: { path: { name } } })) });
}

export function useRun(name: string) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (force: boolean) => answer(client.POST("/api/v1/destinations/{name}/run", { params: { path: { name } }, body: { force } })),
    onSettled: refresh,
  });
}
