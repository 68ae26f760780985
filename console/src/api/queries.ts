/** Every question the console asks the server: one query or mutation hook each, typed by the server's schema. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { paths } from "./schema";

type Get<P extends keyof paths> = paths[P] extends { get: { responses: { 200: { content: { "application/json": infer R } } } } } ? R : never;
type PostBody<P extends keyof paths> = paths[P] extends { post: { requestBody: { content: { "application/json": infer R } } } } ? R : never;
type PostAnswer<P extends keyof paths> = paths[P] extends { post: { responses: { 200: { content: { "application/json": infer R } } } } } ? R : never;

export type Home = Get<"/api/v1/home">;
export type SessionView = Get<"/api/v1/session">;
export type CustomerPage = Get<"/api/v1/customers">;
export type CustomerRow = CustomerPage["items"][number];
export type Customer = Get<"/api/v1/customers/{customer_id}">;
export type Timeline = Get<"/api/v1/customers/{customer_id}/timeline">;
export type TimelineItem = Timeline["items"][number];
export type Order = Get<"/api/v1/customers/{customer_id}/orders">["items"][number];
export type Segment = Get<"/api/v1/segments/{name}">;
export type SegmentInput = PostBody<"/api/v1/segments">;
export type Names = Get<"/api/v1/conditions/names">;
export type Preview = PostAnswer<"/api/v1/conditions/preview">;
export type Problem = Preview["problems"][number];
export type Tag = Get<"/api/v1/tags/{name}">;
export type Quarantine = Get<"/api/v1/quarantine">;
export type QuarantineItem = Quarantine["items"][number];
export type ReplayResult = PostAnswer<"/api/v1/quarantine/replay">;
export type CustomersQuery = NonNullable<paths["/api/v1/customers"]["get"]["parameters"]["query"]>;

const minutes = (n: number): number => n * 60_000;

export const queries = {
  session: () =>
    queryOptions({ queryKey: ["session"], queryFn: ({ signal }) => answer(client.GET("/api/v1/session", { signal })), retry: false, staleTime: minutes(10) }),
  home: () => queryOptions({ queryKey: ["home"], queryFn: ({ signal }) => answer(client.GET("/api/v1/home", { signal }))}),
  customers: (query: CustomersQuery) =>
    queryOptions({
      queryKey: ["customers", query],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/customers", { params: { query }, signal })),
      placeholderData: keepPreviousData,
    }),
  customer: (id: number) =>
    queryOptions({ queryKey: ["customer", id], queryFn: ({ signal }) => answer(client.GET("/api/v1/customers/{customer_id}", { params: { path: { customer_id: id } }, signal })) }),
  orders: (id: number, page: number, size: number) =>
    queryOptions({
      queryKey: ["customer", id, "orders", page, size],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/customers/{customer_id}/orders", { params: { path: { customer_id: id }, query: { page, size } }, signal })),
      placeholderData: keepPreviousData,
    }),
  tagWhy: (id: number, tag: string) =>
    queryOptions({
      queryKey: ["customer", id, "tag", tag],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/customers/{customer_id}/tags/{tag}/why", { params: { path: { customer_id: id, tag } }, signal })),
    }),
  segmentWhy: (id: number, segment: string) =>
    queryOptions({
      queryKey: ["customer", id, "segment", segment],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/customers/{customer_id}/segments/{segment}/why", { params: { path: { customer_id: id, segment } }, signal })),
    }),
  segments: () => queryOptions({ queryKey: ["segments"], queryFn: ({ signal }) => answer(client.GET("/api/v1/segments", { signal })) }),
  segment: (name: string) =>
    queryOptions({ queryKey: ["segments", name], queryFn: ({ signal }) => answer(client.GET("/api/v1/segments/{name}", { params: { path: { name } }, signal })) }),
  members: (name: string, page: number, size: number) =>
    queryOptions({
      queryKey: ["segments", name, "members", page, size],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/segments/{name}/members", { params: { path: { name }, query: { page, size } }, signal })),
      placeholderData: keepPreviousData,
    }),
  history: (name: string) =>
    queryOptions({
      queryKey: ["segments", name, "history"],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/segments/{name}/history", { params: { path: { name } }, signal })),
    }),
  names: () =>
    queryOptions({ queryKey: ["names"], queryFn: ({ signal }) => answer(client.GET("/api/v1/conditions/names", { signal })), staleTime: minutes(5) }),
  /** `rough`: where there are very many customers an estimate comes first. */
  preview: (condition: Record<string, unknown>, rough = false) =>
    queryOptions({
      queryKey: ["preview", condition, rough],
      // The signal cancels the question in flight as soon as the condition changes.
      queryFn: ({ signal }) => answer(client.POST("/api/v1/conditions/preview", { body: { condition, parts: true, approximate: rough }, signal })),
      placeholderData: keepPreviousData,
      retry: false,
      staleTime: 5_000,
      gcTime: minutes(1),
    }),
  tags: () => queryOptions({ queryKey: ["tags"], queryFn: ({ signal }) => answer(client.GET("/api/v1/tags", { signal })) }),
  tag: (name: string) =>
    queryOptions({ queryKey: ["tags", name], queryFn: ({ signal }) => answer(client.GET("/api/v1/tags/{name}", { params: { path: { name } }, signal })) }),
  quarantine: (query: { rule?: string; field?: string; touchpoint?: string; page: number; size: number }) =>
    queryOptions({
      queryKey: ["quarantine", query],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/quarantine", { params: { query }, signal })),
      placeholderData: keepPreviousData,
    }),
  quarantined: (id: string) =>
    queryOptions({ queryKey: ["quarantine", "one", id], queryFn: ({ signal }) => answer(client.GET("/api/v1/quarantine/{id}", { params: { path: { id } }, signal })) }),
  replay: (first: number, last: number) =>
    queryOptions({
      queryKey: ["replay", first, last],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/quarantine/replays/{first}/{last}", { params: { path: { first, last } }, signal })),
      staleTime: 0,
    }),
  standard: () => queryOptions({ queryKey: ["standard"], queryFn: ({ signal }) => answer(client.GET("/api/v1/standard", { signal })), staleTime: minutes(10) }),
  touchpoints: () =>
    queryOptions({ queryKey: ["touchpoints"], queryFn: ({ signal }) => answer(client.GET("/api/v1/touchpoints", { signal })), staleTime: minutes(10) }),
};

/** One page of a customer's timeline, newest first, from before the given mark. */
export function timelinePage(id: number, query: { before?: string; limit: number; event?: string; channel?: string }, signal: AbortSignal): Promise<Timeline> {
  return answer(client.GET("/api/v1/customers/{customer_id}/timeline", { params: { path: { customer_id: id }, query }, signal }));
}

export function useLogin() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: PostBody<"/api/v1/session">) => answer(client.POST("/api/v1/session", { body })),
    onSuccess: (session) => {
      cache.setQueryData(queries.session().queryKey, session);
    },
  });
}

export async function logOut(): Promise<void> {
  await answer(client.DELETE("/api/v1/session"));
}

export function useChangePassword() {
  return useMutation({ mutationFn: (body: PostBody<"/api/v1/session/password">) => answer(client.POST("/api/v1/session/password", { body })) });
}

export function useSaveSegment(existing: string | null) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ name, ...body }: SegmentInput & { version: number | null }) =>
      existing === null
        ? answer(client.POST("/api/v1/segments", { body: { name, title: body.title, description: body.description, condition: body.condition, reason: body.reason } }))
        : answer(client.PUT("/api/v1/segments/{name}", { params: { path: { name: existing } }, body })),
    onSuccess: () => Promise.all([cache.invalidateQueries({ queryKey: ["segments"] }), cache.invalidateQueries({ queryKey: ["names"] })]),
  });
}

export function useDeleteSegment() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => answer(client.DELETE("/api/v1/segments/{name}", { params: { path: { name } } })),
    onSuccess: (_, name) => {
      cache.removeQueries({ queryKey: ["segments", name] });
      return cache.invalidateQueries({ queryKey: ["segments"], exact: true });
    },
  });
}

/** The lists of what waits; a single thing that is open on the page may wait no more, and is not asked for again. */
export const waitingLists = { queryKey: ["quarantine"], predicate: ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey[1] !== "one" };

export function useReplay() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: PostBody<"/api/v1/quarantine/replay">) => answer(client.POST("/api/v1/quarantine/replay", { body })),
    onSuccess: () => cache.invalidateQueries(waitingLists),
  });
}

/** A person's copy of their data; kept by nobody, the caller saves it. */
export function useCopy(id: number) {
  return useMutation({
    gcTime: 0,
    mutationFn: (body: PostBody<"/api/v1/customers/{customer_id}/copy">): Promise<Blob> =>
      answer(client.POST("/api/v1/customers/{customer_id}/copy", { params: { path: { customer_id: id } }, body, parseAs: "blob" })) as Promise<Blob>,
  });
}

/** Personal values in clear; kept only by the component that asked, never in the cache. */
export function useReveal(id: number) {
  return useMutation({
    gcTime: 0,
    mutationFn: (body: PostBody<"/api/v1/customers/{customer_id}/reveal">) =>
      answer(client.POST("/api/v1/customers/{customer_id}/reveal", { params: { path: { customer_id: id } }, body })),
  });
}
