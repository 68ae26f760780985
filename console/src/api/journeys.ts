/** Questions and changes about journeys: drafts, versions, what publishing would do, what came of it. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { JsonObject } from "@/conditions/model";
import { answer, client } from "./client";
import type { components, paths } from "./schema";

type Schema<N extends keyof components["schemas"]> = components["schemas"][N];

export type Title = Schema<"Titles">;
export type JourneyRow = Schema<"JourneyRow">;
export type JourneyDetail = Omit<Schema<"JourneyDetail">, "definition" | "published"> & { definition: JsonObject; published: (Omit<Schema<"PublishedJourney">, "definition"> & { definition: JsonObject }) | null };
export type JourneyProblem = Schema<"JourneyProblem">;
export type JourneyVersion = Schema<"JourneyVersion">;
export type JourneyChange = Schema<"JourneyDifference">;
export type JourneyTemplate = Omit<Schema<"JourneyTemplate">, "definition"> & { definition: JsonObject };
export type TemplateParam = Schema<"TemplateParam">;
export type Approval = Schema<"JourneyApproval">;

export type Brought = Schema<"JourneyOutcomes">["items"][number];

export type Results = Schema<"JourneyResults">;
export type RunRow = Schema<"RunRow">;
export type RunsQuery = NonNullable<paths["/api/v1/journeys/{name}/runs"]["get"]["parameters"]["query"]>;

export type ToldStep = Schema<"Told">;
export type JourneyWhy = Schema<"JourneyWhy">;

export type Plan = Schema<"JourneyPlan">;
export type Fate = Schema<"PlanRequest">["old_runs"];

/** Definitions are JSON, which the generated types only call unknown. */
const detailed = (call: Promise<Schema<"JourneyDetail">>): Promise<JourneyDetail> => call as Promise<JourneyDetail>;

const MINUTE = 60_000;
/** So often it is looked whether all runs of a journey that stops have ended. */
const STOPPING_MS = 5_000;
/** How far ahead publishing is planned. */
const PLANNED_DAYS = 7;

/** The first day of a span of days that ends now. */
export const since = (days: number, now = new Date()): string => new Date(now.getTime() - days * 86_400_000).toISOString();

export const journeys = {
  list: () => queryOptions({ queryKey: ["journeys"], queryFn: ({ signal }) => answer(client.GET("/api/v1/journeys", { signal })) }),
  brought: () => queryOptions({ queryKey: ["journeys", "brought"], queryFn: async ({ signal }) => new Map((await answer(client.GET("/api/v1/journeys/results", { signal }))).items.map((one) => [one.name, one])), staleTime: MINUTE, retry: false }),
  one: (name: string) => queryOptions({ queryKey: ["journeys", name], queryFn: ({ signal }) => detailed(answer(client.GET("/api/v1/journeys/{name}", { params: { path: { name } }, signal }))), refetchOnWindowFocus: false, refetchInterval: ({ state }) => (state.data?.status === "stopping" ? STOPPING_MS : false) }),
  check: (definition: JsonObject) =>
    queryOptions({ queryKey: ["journey-check", definition], queryFn: ({ signal }) => answer(client.POST("/api/v1/journeys/check", { body: { definition }, signal })), placeholderData: keepPreviousData, retry: false, staleTime: 5_000, gcTime: MINUTE }),
  versions: (name: string) => queryOptions({ queryKey: ["journeys", name, "versions"], queryFn: ({ signal }) => answer(client.GET("/api/v1/journeys/{name}/versions", { params: { path: { name } }, signal })) }),
  version: (name: string, version: number) =>
    queryOptions({ queryKey: ["journeys", name, "versions", version], queryFn: ({ signal }) => answer(client.GET("/api/v1/journeys/{name}/versions/{version}", { params: { path: { name, version } }, signal })) as Promise<JourneyVersion & { definition: JsonObject }>, staleTime: 60 * MINUTE }),
  diff: (name: string, before: number | string, after: number | string) =>
    queryOptions({ queryKey: ["journeys", name, "diff", before, after], queryFn: ({ signal }) => answer(client.GET("/api/v1/journeys/{name}/diff", { params: { path: { name }, query: { before: String(before), after: String(after) } }, signal })), placeholderData: keepPreviousData }),
  templates: () => queryOptions({ queryKey: ["journey-templates"], queryFn: ({ signal }) => answer(client.GET("/api/v1/journeys/templates", { signal })) as Promise<{ items: JourneyTemplate[] }>, staleTime: 10 * MINUTE }),
  results: (name: string, query: { from?: string; to?: string; version?: number }) =>
    queryOptions({ queryKey: ["journeys", name, "results", query.from?.slice(0, 13), query.to, query.version], queryFn: ({ signal }) => answer(client.GET("/api/v1/journeys/{name}/results", { params: { path: { name }, query }, signal })), placeholderData: keepPreviousData }),
  compare: (name: string, query: { a: number; b: number; from?: string; to?: string }) =>
    queryOptions({ queryKey: ["journeys", name, "compare", query.a, query.b, query.from?.slice(0, 13), query.to], queryFn: ({ signal }) => answer(client.GET("/api/v1/journeys/{name}/compare", { params: { path: { name }, query }, signal })), placeholderData: keepPreviousData }),
  runs: (name: string, query: RunsQuery) =>
    queryOptions({ queryKey: ["journeys", name, "runs", query], queryFn: ({ signal }) => answer(client.GET("/api/v1/journeys/{name}/runs", { params: { path: { name }, query }, signal })), placeholderData: keepPreviousData }),
  run: (name: string, run: string) => queryOptions({ queryKey: ["journeys", name, "runs", "one", run], queryFn: ({ signal }) => answer(client.GET("/api/v1/journeys/{name}/runs/{run_id}", { params: { path: { name, run_id: run } }, signal })) }),
  why: (customer: number) => queryOptions({ queryKey: ["customer", customer, "journeys"], queryFn: ({ signal }) => answer(client.GET("/api/v1/customers/{customer_id}/journeys", { params: { path: { customer_id: customer } }, signal })) }),
  plan: (definition: JsonObject, old_runs: Fate) =>
    queryOptions({ queryKey: ["journey-plan", definition, old_runs], queryFn: ({ signal }) => answer(client.POST("/api/v1/journeys/plan", { body: { definition, old_runs, days: PLANNED_DAYS }, signal })), retry: false, staleTime: 0, gcTime: 0, refetchOnWindowFocus: false, placeholderData: keepPreviousData }),
};

/** Keeps the draft on the server. */
export function saveDraft(name: string, definition: JsonObject, version: number | null): Promise<JourneyDetail> {
  return detailed(answer(client.PUT("/api/v1/journeys/{name}", { params: { path: { name } }, body: { definition, version, reason: "" } })));
}

function useFresh(): () => Promise<unknown> {
  const cache = useQueryClient();
  return () => cache.invalidateQueries({ queryKey: ["journeys"] });
}

export function useMakeJourney() {
  const fresh = useFresh();
  return useMutation({ mutationFn: (definition: JsonObject) => detailed(answer(client.POST("/api/v1/journeys", { body: { definition, reason: "" } }))), onSuccess: fresh });
}

export function useFromTemplate() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ template, ...body }: { template: string; journey: string; title: Title; params: JsonObject }) => detailed(answer(client.POST("/api/v1/journeys/templates/{template}", { params: { path: { template } }, body }))),
    // It brings segments, coupons and messages as well.
    onSuccess: () => Promise.all(["journeys", "journey-templates", "messages", "coupons", "segments", "names"].map((key) => cache.invalidateQueries({ queryKey: [key] }))),
  });
}

export function useDropJourney() {
  const fresh = useFresh();
  return useMutation({ mutationFn: (name: string) => answer(client.DELETE("/api/v1/journeys/{name}", { params: { path: { name } } })), onSuccess: fresh });
}

/** What changes a journey's state, with what the server wants to know for it. */
export type Deed =
  | { deed: "publish"; body: Schema<"PublishRequest"> }
  | { deed: "pause" | "resume" | "stop"; body: Schema<"Because"> }
  | { deed: "ask-approval"; body: Schema<"AskApproval"> }
  | { deed: "approve"; body: Schema<"Decide"> };

function done(name: string, act: Deed) {
  const params = { path: { name } };
  switch (act.deed) {
    case "publish":
      return client.POST("/api/v1/journeys/{name}/publish", { params, body: act.body });
    case "pause":
      return client.POST("/api/v1/journeys/{name}/pause", { params, body: act.body });
    case "resume":
      return client.POST("/api/v1/journeys/{name}/resume", { params, body: act.body });
    case "stop":
      return client.POST("/api/v1/journeys/{name}/stop", { params, body: act.body });
    case "ask-approval":
      return client.POST("/api/v1/journeys/{name}/ask-approval", { params, body: act.body });
    case "approve":
      return client.POST("/api/v1/journeys/{name}/approve", { params, body: act.body });
  }
}

export function useDeed(name: string) {
  const fresh = useFresh();
  return useMutation({ mutationFn: (act: Deed) => answer(done(name, act)), onSuccess: fresh });
}
