/** Coupons: batches, their codes and what became of them. */
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { JsonObject } from "@/conditions/model";
import { answer, client } from "./client";
import type { components } from "./schema";

type Schema<N extends keyof components["schemas"]> = components["schemas"][N];

export type CouponRow = Schema<"CouponRow">;
export type CouponDetail = Omit<Schema<"CouponDetail">, "definition"> & { definition: JsonObject };
export type CouponCode = Schema<"CouponCode">;
export type CodeStatus = CouponCode["status"];

export const coupons = {
  all: () => queryOptions({ queryKey: ["coupons"], queryFn: ({ signal }) => answer(client.GET("/api/v1/coupons", { signal })) }),
  one: (name: string) =>
    queryOptions({ queryKey: ["coupons", name], queryFn: async ({ signal }) => (await answer(client.GET("/api/v1/coupons/{name}", { params: { path: { name } }, signal }))) as CouponDetail }),
  codes: (name: string, status: CodeStatus | undefined) =>
    infiniteQueryOptions({
      queryKey: ["coupons", name, "codes", status],
      queryFn: ({ signal, pageParam }) => answer(client.GET("/api/v1/coupons/{name}/codes", { params: { path: { name }, query: { status, after: pageParam, limit: 50 } }, signal })),
      initialPageParam: undefined as string | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
    }),
};

/** Where the codes of a batch are fetched as CSV; the server writes down who did. */
export const codesUrl = (name: string, status: CodeStatus | undefined): string => `/api/v1/coupons/${encodeURIComponent(name)}/codes.csv${status === undefined ? "" : `?status=${status}`}`;

function useRefresh(): () => Promise<unknown> {
  const cache = useQueryClient();
  return () => cache.invalidateQueries({ queryKey: ["coupons"] });
}

/** Saves a new batch (`name` undefined), or a new version of one. */
export function useSaveCoupon(name: string | undefined) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: ({ definition, version, reason }: { definition: JsonObject; version?: number; reason: string }) =>
      name === undefined
        ? answer(client.POST("/api/v1/coupons", { body: { definition, reason } }))
        : answer(client.PUT("/api/v1/coupons/{name}", { params: { path: { name } }, body: { definition, reason, version } })),
    onSuccess: refresh,
  });
}

export function useGenerate(name: string) {
  const refresh = useRefresh();
  return useMutation({ mutationFn: (count: number) => answer(client.POST("/api/v1/coupons/{name}/generate", { params: { path: { name } }, body: { count } })), onSuccess: refresh });
}

/** Codes from a file, one in each line. */
export function useUploadCodes(name: string) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (file: Blob) =>
      answer(client.POST("/api/v1/coupons/{name}/codes", { params: { path: { name } }, body: file as unknown as string, bodySerializer: (body) => body, headers: { "content-type": "application/octet-stream" } })),
    onSuccess: refresh,
  });
}

/** Takes codes out of use that nobody has yet. */
export function useVoidFree(name: string) {
  const refresh = useRefresh();
  return useMutation({ mutationFn: (reason: string) => answer(client.POST("/api/v1/coupons/{name}/void", { params: { path: { name } }, body: { free: true, codes: null, reason } })), onSuccess: refresh });
}
