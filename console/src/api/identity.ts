/** Questions and decisions about OneID: who is one customer, why, and what people ruled. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";

type Schema<N extends keyof components["schemas"]> = components["schemas"][N];

export type IdentifierBrief = Schema<"IdentifierBrief">;
export type CustomerBrief = Schema<"CustomerBrief">;
export type Overview = Schema<"IdentityOverview">;
export type Conflict = Schema<"IdentityConflict">;
export type ReviewItem = Schema<"ReviewItem">;
export type Comparison = Schema<"Comparison">;
export type Verdict = Schema<"ReviewDecision">["decision"];
export type ReviewStatus = ReviewItem["status"] | "later";
export type RulesVersion = Schema<"RulesVersion">;
export type Graph = Schema<"IdentityGraph">;
export type GraphNode = Schema<"GraphNode">;
export type Link = Schema<"IdentityLink">;
export type LinkStatus = Link["status"];
export type Explanation = Schema<"IdentityExplanation">;
export type PathStep = Schema<"PathStep">;
export type ChangePreview = Schema<"ChangePreview">;
export type SegmentEffect = Schema<"SegmentEffect">;
export type Decision = Schema<"Decision">;
export type Rules = Schema<"IdentityRules">;
export type TypeRule = Schema<"TypeRule">;
export type RulesPreview = Schema<"RulesPreview">;
export type ModelPage = Schema<"ModelPage">;
export type Model = Schema<"IdentityModel">;
export type ModelVersion = Schema<"ModelVersion">;
export type ModelDifference = Schema<"ModelDifference">;
export type Run = Schema<"MatchingState">;
export type ThresholdsPreview = Schema<"ThresholdsPreview">;
/** A ruling of a person that can be tried out first. */
export type Ruling = Schema<"MergeChange"> | Schema<"NeverChange"> | Schema<"SplitChange"> | Schema<"BlockChange">;

const TICK_MS = 2_000;

export const identity = {
  overview: (days: number) =>
    queryOptions({
      queryKey: ["identity", "overview", days],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/identity/overview", { params: { query: { days } }, signal })),
      placeholderData: keepPreviousData,
    }),
  conflicts: (query: { reason?: Conflict["reason"]; page: number; size: number }) =>
    queryOptions({
      queryKey: ["identity", "conflicts", query],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/identity/conflicts", { params: { query }, signal })),
      placeholderData: keepPreviousData,
    }),
  review: (query: { kind: "all" | "candidate" | "conflict"; status: ReviewStatus; page: number; size: number }) =>
    queryOptions({
      queryKey: ["identity", "review", query],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/identity/review", { params: { query }, signal })),
      placeholderData: keepPreviousData,
    }),
  graph: (id: number) =>
    queryOptions({ queryKey: ["customer", id, "graph"], queryFn: ({ signal }) => answer(client.GET("/api/v1/identity/customers/{customer_id}/graph", { params: { path: { customer_id: id } }, signal })) }),
  explain: (a: string, b: string) =>
    queryOptions({ queryKey: ["identity", "explain", a, b], queryFn: ({ signal }) => answer(client.POST("/api/v1/identity/explain", { body: { a, b }, signal })), retry: false }),
  preview: (change: Ruling) =>
    queryOptions({ queryKey: ["identity", "preview", change], queryFn: ({ signal }) => answer(client.POST("/api/v1/identity/preview", { body: { change }, signal })), retry: false, staleTime: 5_000, gcTime: 60_000 }),
  decisions: (query: { customer_id?: number; page: number; size: number }) =>
    queryOptions({
      queryKey: ["identity", "decisions", query],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/identity/decisions", { params: { query }, signal })),
      placeholderData: keepPreviousData,
    }),
  rules: () => queryOptions({ queryKey: ["identity", "rules"], queryFn: ({ signal }) => answer(client.GET("/api/v1/identity/rules", { signal })) }),
  rulesVersions: () => queryOptions({ queryKey: ["identity", "rules", "versions"], queryFn: ({ signal }) => answer(client.GET("/api/v1/identity/rules/versions", { signal })) }),
  identifiers: (query: { type: string; touchpoint?: string; before?: number; size: number }) =>
    queryOptions({
      queryKey: ["identity", "identifiers", query],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/identity/identifiers", { params: { query }, signal })),
      placeholderData: keepPreviousData,
    }),
  model: (version?: number) =>
    queryOptions({
      queryKey: ["identity", "model", version ?? "present"],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/identity/model", { params: { query: { version } }, signal })),
      placeholderData: keepPreviousData,
    }),
  modelVersions: () => queryOptions({ queryKey: ["identity", "model", "versions"], queryFn: ({ signal }) => answer(client.GET("/api/v1/identity/model/versions", { signal })) }),
  modelDifference: (before: number, after: number) =>
    queryOptions({
      queryKey: ["identity", "model", "difference", before, after],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/identity/model/difference", { params: { query: { before, after } }, signal })),
      retry: false,
    }),
  pairs: (near: "join" | "review", page: number) =>
    queryOptions({
      queryKey: ["identity", "pairs", near, page],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/identity/model/pairs", { params: { query: { near, page } }, signal })),
      placeholderData: keepPreviousData,
    }),
  run: () => queryOptions({ queryKey: ["identity", "run"], queryFn: ({ signal }) => answer(client.GET("/api/v1/identity/model/run", { signal })) }),
};

/** Everything a decision may change; the worker takes it up at its next tick, so it is asked again a little later. */
function useSettle(): () => void {
  const cache = useQueryClient();
  return () => {
    for (const wait of [0, TICK_MS, 3 * TICK_MS, 10 * TICK_MS]) setTimeout(() => ["identity", "customer", "customers", "segments"].forEach((key) => void cache.invalidateQueries({ queryKey: [key] })), wait);
  };
}

export function useDecide() {
  const settle = useSettle();
  return useMutation({
    mutationFn: (body: Ruling & { reason: string; seen: number | null }) => answer(client.POST("/api/v1/identity/decisions", { body })),
    onSuccess: settle,
  });
}

export function useUndo() {
  const settle = useSettle();
  return useMutation({
    mutationFn: async ({ ids, reason }: { ids: number[]; reason: string }) => {
      for (const id of ids) await answer(client.POST("/api/v1/identity/decisions/{id}/undo", { params: { path: { id } }, body: { reason } }));
    },
    onSuccess: settle,
  });
}

export function useRule() {
  const settle = useSettle();
  return useMutation({
    mutationFn: (body: Schema<"ReviewRequest">) =>
      answer(client.POST("/api/v1/identity/review/decide", { body })),
    onSuccess: settle,
  });
}

export function useRulesPreview() {
  return useMutation({ mutationFn: (body: Schema<"RulesPreviewRequest">) => answer(client.POST("/api/v1/identity/rules/preview", { body })) });
}

export function usePublishRules() {
  const settle = useSettle();
  return useMutation({
    mutationFn: (body: Schema<"RulesChange">) => answer(client.PUT("/api/v1/identity/rules", { body })),
    onSuccess: settle,
  });
}

export function useRestoreRules() {
  const settle = useSettle();
  return useMutation({ mutationFn: (body: Schema<"RulesRestore">) => answer(client.POST("/api/v1/identity/rules/restore", { body })), onSuccess: settle });
}

export function useJoining() {
  const settle = useSettle();
  return useMutation({
    mutationFn: ({ name, body }: { name: string; body: Schema<"JoiningChange"> }) => answer(client.PUT("/api/v1/identity/touchpoints/{name}/joining", { params: { path: { name } }, body })),
    onSuccess: settle,
  });
}

export function useFit() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => answer(client.POST("/api/v1/identity/model/fit")),
    onSuccess: (run) => {
      cache.setQueryData(identity.run().queryKey, run);
    },
  });
}

export function useModelRestorePreview() {
  return useMutation({ mutationFn: (body: Schema<"ModelRestorePreviewRequest">) => answer(client.POST("/api/v1/identity/model/restore/preview", { body })) });
}

export function useModelRestore() {
  const settle = useSettle();
  return useMutation({ mutationFn: (body: Schema<"ModelRestore">) => answer(client.POST("/api/v1/identity/model/restore", { body })), onSuccess: settle });
}

export function useModelPreview() {
  return useMutation({ mutationFn: (body: Schema<"Thresholds">) => answer(client.POST("/api/v1/identity/model/preview", { body })) });
}

export function useThresholds() {
  const settle = useSettle();
  return useMutation({ mutationFn: (body: Schema<"ThresholdsChange">) => answer(client.PUT("/api/v1/identity/model/thresholds", { body })), onSuccess: settle });
}
