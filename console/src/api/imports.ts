/** Files that are imported: sent, looked into, tried, imported. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";

type Schema<N extends keyof components["schemas"]> = components["schemas"][N];

export type ImportedFile = Schema<"ImportedFile">;
export type ImportLook = Schema<"ImportLook">;
export type ImportSight = Schema<"ImportSight">;
export type ImportColumn = Schema<"ImportColumn">;
export type FileImport = Schema<"FileImport">;
export type ImportOutcome = Schema<"ImportOutcome">;
export type ImportKind = FileImport["kind"];

export const KINDS: ImportKind[] = ["orders", "customers", "events", "products", "stores", "coupons", "campaigns", "links"];
export const LARGEST_MB = 512;
const ended = (job: FileImport | undefined): boolean => job !== undefined && job.status !== "waiting" && job.status !== "running";

export const imports = {
  list: () => queryOptions({ queryKey: ["imports"], queryFn: ({ signal }) => answer(client.GET("/api/v1/imports", { signal })) }),
  one: (id: string) =>
    queryOptions({
      queryKey: ["imports", id],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/imports/{id}", { params: { path: { id } }, signal })),
      refetchInterval: ({ state }) => (ended(state.data) ? false : 400),
    }),
  look: (body: ImportLook) =>
    queryOptions({
      queryKey: ["imports", "look", body],
      queryFn: ({ signal }) => answer(client.POST("/api/v1/imports/look", { body, signal })),
      placeholderData: keepPreviousData,
      retry: false,
      staleTime: Infinity,
    }),
};

/** Sends the file as it is; nothing is imported yet. */
export function useSendFile() {
  return useMutation({
    mutationFn: ({ file, signal }: { file: File; signal: AbortSignal }) =>
      answer(
        client.POST("/api/v1/imports/files", {
          params: { query: { filename: file.name } },
          body: file as unknown as string,
          bodySerializer: (body) => body,
          headers: { "content-type": "application/octet-stream" },
          signal,
        }),
      ),
  });
}

export function useImport() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: Schema<"ImportRequest">) => answer(client.POST("/api/v1/imports", { body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["imports"], exact: true }),
  });
}

export function useStopImport() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer(client.DELETE("/api/v1/imports/{id}", { params: { path: { id } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["imports"] }),
  });
}
