/** Messages: what is said on each channel, how it reads for a customer, and who has approved it. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { JsonObject } from "@/conditions/model";
import { answer, client } from "./client";
import type { components } from "./schema";

type Schema<N extends keyof components["schemas"]> = components["schemas"][N];

export type MessageRow = Schema<"MessageRow">;
export type MessageCheck = Schema<"MessageCheck">;
export type MessageDetail = Omit<Schema<"MessageDetail">, "definition"> & { definition: JsonObject };
export type MessageVersion = Omit<Schema<"MessageVersion">, "definition"> & { definition: JsonObject | null };
export type MessagePreview = Omit<Schema<"MessagePreview">, "content"> & { content: JsonObject | null };
export type Finding = Schema<"Finding">;
export type Approval = Schema<"ApprovalRow">;
export type ApprovalStatus = Approval["status"];
export type ApprovalKind = "message" | "broadcast";

interface PreviewRequest {
  definition: JsonObject;
  template: string | undefined;
  customer_id: string | null;
}

export const messages = {
  all: () => queryOptions({ queryKey: ["messages"], queryFn: ({ signal }) => answer(client.GET("/api/v1/messages", { signal })) }),
  one: (name: string) =>
    queryOptions({ queryKey: ["messages", name], queryFn: async ({ signal }) => (await answer(client.GET("/api/v1/messages/{name}", { params: { path: { name } }, signal }))) as MessageDetail }),
  versions: (name: string) =>
    queryOptions({
      queryKey: ["messages", name, "versions"],
      queryFn: async ({ signal }) => (await answer(client.GET("/api/v1/messages/{name}/versions", { params: { path: { name } }, signal }))).items as MessageVersion[],
    }),
  language: () => queryOptions({ queryKey: ["message-language"], queryFn: ({ signal }) => answer(client.GET("/api/v1/messages/language", { signal })), staleTime: 600_000 }),
  check: (definition: JsonObject) =>
    queryOptions({
      queryKey: ["message-check", definition],
      queryFn: ({ signal }) => answer(client.POST("/api/v1/messages/check", { body: { definition }, signal })),
      placeholderData: keepPreviousData,
    }),
  preview: (body: PreviewRequest) =>
    queryOptions({
      queryKey: ["message-preview", body],
      queryFn: async ({ signal }) => (await answer(client.POST("/api/v1/messages/preview", { body: { ...body, values: {} }, signal }))) as MessagePreview,
      placeholderData: keepPreviousData,
      retry: false,
    }),
  approvals: (kind: ApprovalKind, name: string) =>
    queryOptions({ queryKey: ["approvals", kind, name], queryFn: ({ signal }) => answer(client.GET("/api/v1/approvals", { params: { query: { kind, name } }, signal })) }),
};

/** Saves a new message (`name` undefined), or a new version of one. */
export function useSaveMessage(name: string | undefined) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ definition, version, reason }: { definition: JsonObject; version?: number; reason: string }) =>
      name === undefined
        ? answer(client.POST("/api/v1/messages", { body: { definition, reason } }))
        : answer(client.PUT("/api/v1/messages/{name}", { params: { path: { name } }, body: { definition, reason, version } })),
    onSuccess: () => Promise.all([cache.invalidateQueries({ queryKey: ["messages"] }), cache.invalidateQueries({ queryKey: ["approvals"] })]),
  });
}

export function useDeleteMessage() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => answer(client.DELETE("/api/v1/messages/{name}", { params: { path: { name } } })),
    onSuccess: (_, name) => {
      cache.removeQueries({ queryKey: ["messages", name] });
      return cache.invalidateQueries({ queryKey: ["messages"], exact: true });
    },
  });
}

export function useTestSend(name: string) {
  return useMutation({
    mutationFn: (body: { template: string; touchpoint: string; to: Record<string, string> }) =>
      answer(client.POST("/api/v1/messages/{name}/test", { params: { path: { name } }, body: { ...body, values: {} } })),
  });
}

/** Asking for approval, deciding on it, taking the question back. */
export function useApproving(kind: ApprovalKind, name: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (act: { deed: "ask" } | { deed: "approve" | "refuse" | "withdraw"; id: number; note: string }): Promise<unknown> => {
      if (act.deed === "ask") {
        const params = { path: { name } };
        return kind === "message" ? answer(client.POST("/api/v1/messages/{name}/ask-approval", { params, body: { note: "" } })) : answer(client.POST("/api/v1/broadcasts/{name}/ask-approval", { params, body: { note: "" } }));
      }
      const params = { path: { id: act.id } };
      if (act.deed === "withdraw") return answer(client.POST("/api/v1/approvals/{id}/withdraw", { params, body: { note: act.note } }));
      return answer(client.POST("/api/v1/approvals/{id}/decide", { params, body: { approve: act.deed === "approve", note: act.note } }));
    },
    onSuccess: () => Promise.all([cache.invalidateQueries({ queryKey: ["approvals"] }), cache.invalidateQueries({ queryKey: [`${kind}s`] })]),
  });
}
