/** Questions and changes about tags: definitions, dry runs, runs, jobs, lineage, model cards. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { JsonObject } from "@/conditions/model";
import { answer, client } from "./client";
import { errorOf, OfflineError } from "./errors";
import type { components } from "./schema";

type Schema<N extends keyof components["schemas"]> = components["schemas"][N];

export type TagRow = Schema<"TagRow">;
export type TagDetail = Schema<"TagDetail">;
export type TagRun = Schema<"TagRun">;
export type TagVersion = Schema<"TagVersion">;
export type TagPlan = Schema<"TagPlan">;
export type ModelCard = Schema<"TagModel">;
export type Notice = Schema<"Notice">;
export type Job = Schema<"Job">;
export type Lineage = Schema<"Lineage">;
export type Uploaded = Schema<"TagValuesAnswer">;

const minutes = (n: number): number => n * 60_000;
/** Jobs that go on are looked at again so often. */
const WATCH_MS = 1_000;
/** And so often whether there is something new: runs are asked for by schedules, by saving and by other people too. */
const LOOK_MS = 5_000;
const JOBS = 10;

export const running = (job: Job): boolean => job.status === "waiting" || job.status === "running";

export const tags = {
  schema: () => queryOptions({ queryKey: ["tags-schema"], queryFn: ({ signal }) => answer(client.GET("/api/v1/tags/schema", { signal })), staleTime: minutes(60) }),
  views: () => queryOptions({ queryKey: ["query-views"], queryFn: ({ signal }) => answer(client.GET("/api/v1/query/views", { signal })), staleTime: minutes(10) }),
  runs: (name: string) => queryOptions({ queryKey: ["tags", name, "runs"], queryFn: ({ signal }) => answer(client.GET("/api/v1/tags/{name}/runs", { params: { path: { name } }, signal })) }),
  versions: (name: string) => queryOptions({ queryKey: ["tags", name, "versions"], queryFn: ({ signal }) => answer(client.GET("/api/v1/tags/{name}/versions", { params: { path: { name } }, signal })) }),
  explain: (name: string, customer: string) =>
    queryOptions({
      queryKey: ["tags", name, "explain", customer],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/tags/{name}/explain", { params: { path: { name }, query: { customer } }, signal })),
      retry: false,
    }),
  /** What is wrong with a definition, and its sentence; nothing is counted. */
  check: (definition: JsonObject) =>
    queryOptions({
      queryKey: ["tag-check", definition],
      queryFn: ({ signal }) => answer(client.POST("/api/v1/tags/plan", { body: { definition, check: true }, signal })),
      retry: false,
      staleTime: 5_000,
      gcTime: minutes(1),
    }),
  lineage: () => queryOptions({ queryKey: ["lineage"], queryFn: ({ signal }) => answer(client.GET("/api/v1/lineage", { signal })), staleTime: minutes(1) }),
  lineageOf: (name: string) => queryOptions({ queryKey: ["tags", name, "lineage"], queryFn: ({ signal }) => answer(client.GET("/api/v1/tags/{name}/lineage", { params: { path: { name } }, signal })) }),
  /** The card of the run at or before an instant; null when there is none yet. */
  model: (name: string, as_of?: string) =>
    queryOptions({
      queryKey: ["tags", name, "model", as_of ?? ""],
      queryFn: async ({ signal }) => {
        const runs = await answer(client.GET("/api/v1/tags/{name}/model/versions", { params: { path: { name } }, signal }));
        if (runs.items.length === 0) return null;
        return answer(client.GET("/api/v1/tags/{name}/model", { params: { path: { name }, query: { as_of } }, signal }));
      },
      // The first run is under way while there is none.
      refetchInterval: ({ state }) => (state.data === null ? LOOK_MS : false),
    }),
  models: (name: string) => queryOptions({ queryKey: ["tags", name, "models"], queryFn: ({ signal }) => answer(client.GET("/api/v1/tags/{name}/model/versions", { params: { path: { name } }, signal })) }),
  modelWhy: (name: string, customer: string) =>
    queryOptions({
      queryKey: ["tags", name, "model-why", customer],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/tags/{name}/model/explain", { params: { path: { name }, query: { customer } }, signal })),
      retry: false,
    }),
  /** The jobs of a tag, the newest first; asked again soon while one of them goes on. */
  jobs: (name: string) =>
    queryOptions({
      queryKey: ["jobs", "tag", name],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/jobs", { params: { query: { subject: name, limit: JOBS } }, signal })),
      refetchInterval: ({ state }) => (state.data?.items.some(running) === true ? WATCH_MS : LOOK_MS),
    }),
};

/** What a definition would do to all customers; the signal stops it. */
export function planTag(definition: JsonObject, signal: AbortSignal): Promise<TagPlan> {
  return answer(client.POST("/api/v1/tags/plan", { body: { definition, check: false }, signal }));
}

function useFresh(): () => Promise<unknown> {
  const cache = useQueryClient();
  return () => Promise.all(["tags", "names", "lineage", "jobs"].map((key) => cache.invalidateQueries({ queryKey: [key] })));
}

export function useSaveTag(existing: string | null) {
  const fresh = useFresh();
  return useMutation({
    mutationFn: ({ definition, version, reason }: { definition: JsonObject; version: number | null; reason: string }) =>
      existing === null
        ? answer(client.POST("/api/v1/tags", { body: { definition, reason } }))
        : answer(client.PUT("/api/v1/tags/{name}", { params: { path: { name: existing } }, body: { definition, version, reason } })),
    onSuccess: fresh,
  });
}

export function useDeleteTag() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ name, reason }: { name: string; reason: string }) => answer(client.DELETE("/api/v1/tags/{name}", { params: { path: { name }, query: { reason } } })),
    onSuccess: (_, { name }) => {
      cache.removeQueries({ queryKey: ["tags", name] });
      return Promise.all([cache.invalidateQueries({ queryKey: ["tags"], exact: true }), cache.invalidateQueries({ queryKey: ["names"] }), cache.invalidateQueries({ queryKey: ["lineage"] })]);
    },
  });
}

export function useRunTag(name: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (as_of: string | null) => answer(client.POST("/api/v1/tags/{name}/run", { params: { path: { name } }, body: { as_of } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["jobs"] }),
  });
}

export function useBackfillTag(name: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: Schema<"TagBackfillRequest">) => answer(client.POST("/api/v1/tags/{name}/backfill", { params: { path: { name } }, body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["jobs"] }),
  });
}

export function useCancelJob() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id: Job["id"]) => answer(client.DELETE("/api/v1/jobs/{id}", { params: { path: { id } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["jobs"] }),
  });
}

/** Values for identifiers from a file (CSV with a header, identifier and value in the first two columns). */
export function useUploadValues(name: string) {
  const fresh = useFresh();
  return useMutation({
    mutationFn: async ({ file, type }: { file: File; type: string }): Promise<Uploaded> => {
      // The body is the file itself, which the typed client has no word for.
      const url = `${window.location.origin}/api/v1/tags/${encodeURIComponent(name)}/values?type=${encodeURIComponent(type)}`;
      const response = await globalThis.fetch(url, { method: "POST", body: file, headers: { "X-OnePool": "1", "content-type": "text/csv" }, credentials: "same-origin" }).catch((error: unknown) => {
        throw new OfflineError(String(error));
      });
      const body: unknown = await response.json().catch(() => null);
      if (!response.ok) throw errorOf(response, body);
      return body as Uploaded;
    },
    onSuccess: fresh,
  });
}
