/** What people say about a journey and its steps. It is part of no version. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";

export type JourneyComment = components["schemas"]["JourneyComment"];

/** So often it is looked whether somebody else said something. */
const AGAIN_MS = 30_000;

export const comments = {
  of: (name: string) => queryOptions({ queryKey: ["journey-comments", name], queryFn: ({ signal }) => answer(client.GET("/api/v1/journeys/{name}/comments", { params: { path: { name } }, signal })), refetchInterval: AGAIN_MS }),
};

export function useAddComment(name: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { text: string; node: string | null }) => answer(client.POST("/api/v1/journeys/{name}/comments", { params: { path: { name } }, body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["journey-comments", name] }),
  });
}

export function useResolveComment(name: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ id, resolved }: { id: number; resolved: boolean }) => answer(client.PUT("/api/v1/journeys/{name}/comments/{id}", { params: { path: { name, id } }, body: { resolved } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["journey-comments", name] }),
  });
}
