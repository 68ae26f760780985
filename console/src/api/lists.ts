/** Lists of customers: uploaded, or copied from a segment. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components, paths } from "./schema";

type Schema<N extends keyof components["schemas"]> = components["schemas"][N];
type Answer<P extends keyof paths> = paths[P] extends { get: { responses: { 200: { content: { "application/json": infer R } } } } } ? R : never;

export type CustomerList = Answer<"/api/v1/lists">["items"][number];
export type ListDetail = Answer<"/api/v1/lists/{name}">;
export type ListUpload = Schema<"ListUpload">;
export type UploadMode = ListUpload["mode"];

export interface UploadRequest {
  name: string;
  file: Blob;
  filename: string;
  type: string;
  mode: UploadMode;
  column: string;
  /** Only say what would happen. */
  check: boolean;
  signal: AbortSignal;
}

export const lists = {
  all: () => queryOptions({ queryKey: ["lists"], queryFn: ({ signal }) => answer(client.GET("/api/v1/lists", { signal })) }),
  one: (name: string) => queryOptions({ queryKey: ["lists", name], queryFn: ({ signal }) => answer(client.GET("/api/v1/lists/{name}", { params: { path: { name } }, signal })) }),
  members: (name: string, page: number, size: number) =>
    queryOptions({
      queryKey: ["lists", name, "members", page, size],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/lists/{name}/members", { params: { path: { name }, query: { page, size } }, signal })),
      placeholderData: keepPreviousData,
    }),
  past: (name: string, page: number, size: number) =>
    queryOptions({
      queryKey: ["lists", name, "past", page, size],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/lists/{name}/past", { params: { path: { name }, query: { page, size } }, signal })),
      placeholderData: keepPreviousData,
    }),
  unmatched: (name: string, page: number, size: number) =>
    queryOptions({
      queryKey: ["lists", name, "unmatched", page, size],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/lists/{name}/unmatched", { params: { path: { name }, query: { page, size } }, signal })),
      placeholderData: keepPreviousData,
    }),
};

/** All that shows lists: their pages, and the menus of conditions. */
function useRefresh(): () => Promise<unknown> {
  const cache = useQueryClient();
  return () => Promise.all([cache.invalidateQueries({ queryKey: ["lists"] }), cache.invalidateQueries({ queryKey: ["names"] })]);
}

export function useCreateList() {
  const refresh = useRefresh();
  return useMutation({ mutationFn: (body: Schema<"ListInput">) => answer(client.POST("/api/v1/lists", { body })), onSuccess: refresh });
}

/** The members of a segment as they are now, as a list that stays as it is. */
export function useSnapshot(segment: string) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (body: Schema<"SnapshotRequest">) => answer(client.POST("/api/v1/segments/{name}/snapshot", { params: { path: { name: segment } }, body })),
    onSuccess: refresh,
  });
}

export function useDeleteList() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => answer(client.DELETE("/api/v1/lists/{name}", { params: { path: { name } } })),
    onSuccess: (_, name) => {
      cache.removeQueries({ queryKey: ["lists", name] });
      return Promise.all([cache.invalidateQueries({ queryKey: ["lists"], exact: true }), cache.invalidateQueries({ queryKey: ["names"] })]);
    },
  });
}

/** Sends the file as it is; with `check` nothing is changed. */
export function useUpload() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: ({ name, file, signal, type, mode, column, filename, check }: UploadRequest) =>
      answer(
        client.POST("/api/v1/lists/{name}/entries", {
          params: { path: { name }, query: { mode, filename, check, ...(type !== "" && { type }), ...(column !== "" && { column }) } },
          body: file as unknown as string,
          bodySerializer: (body) => body,
          headers: { "content-type": "application/octet-stream" },
          signal,
        }),
      ),
    onSuccess: (_, { check }) => (check ? undefined : refresh()),
  });
}
