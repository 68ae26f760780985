/** What waits for a second person's word, of every kind. */
import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";

export type WaitingApproval = components["schemas"]["ApprovalRow"];

/** The kinds that have a page where they are decided on. */
export const DECIDED = ["journey", "message", "broadcast"] as const;
export type Decided = (typeof DECIDED)[number];

const MINUTE = 60_000;

const titles = {
  journey: (name: string, signal: AbortSignal) => answer(client.GET("/api/v1/journeys/{name}", { params: { path: { name } }, signal })),
  message: (name: string, signal: AbortSignal) => answer(client.GET("/api/v1/messages/{name}", { params: { path: { name } }, signal })),
  broadcast: (name: string, signal: AbortSignal) => answer(client.GET("/api/v1/broadcasts/{name}", { params: { path: { name } }, signal })),
};

export const approvals = {
  waiting: () => queryOptions({ queryKey: ["approvals", "waiting"], queryFn: ({ signal }) => answer(client.GET("/api/v1/approvals", { signal })), refetchInterval: MINUTE }),
  title: (kind: Decided, name: string) => queryOptions({ queryKey: ["approvals", "title", kind, name], queryFn: async ({ signal }) => (await titles[kind](name, signal)).title, staleTime: MINUTE, retry: false }),
};
