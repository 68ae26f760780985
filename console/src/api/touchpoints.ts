/** Questions and changes about touchpoints: which there are, connecting one, what comes in, how it is read. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";

type Schema<N extends keyof components["schemas"]> = components["schemas"][N];

export type Touchpoint = Schema<"Touchpoint">;
export type TouchpointState = Touchpoint["state"];
export type Detail = Schema<"TouchpointDetail">;
export type Change = Schema<"TouchpointChange">;
export type Version = Schema<"TouchpointVersion">;
export type Channel = Schema<"Channel">;
export type Setting = Schema<"ChannelSetting">;
export type MessageKind = Schema<"ChannelMessage">;
export type MessagePart = Schema<"MessagePart">;
export type TestResult = Schema<"TestResult">;
export type Arrival = Schema<"Arrival">;
export type Fault = Schema<"ArrivedFault">;
export type Receipt = Schema<"MessageReceipt">;
export type Standard = Schema<"StandardDocument">;
export type PreviewRequest = Schema<"TouchpointDraft">;
export type SandboxAct = Schema<"SandboxAct">;

const minutes = (n: number): number => n * 60_000;
const ARRIVALS = 20;

export const touchpoints = {
  channels: () => queryOptions({ queryKey: ["channels"], queryFn: ({ signal }) => answer(client.GET("/api/v1/channels", { signal })), staleTime: minutes(10) }),
  one: (name: string) =>
    queryOptions({ queryKey: ["touchpoints", name], queryFn: ({ signal }) => answer(client.GET("/api/v1/touchpoints/{name}", { params: { path: { name } }, signal })) }),
  versions: (name: string) =>
    queryOptions({ queryKey: ["touchpoints", name, "versions"], queryFn: ({ signal }) => answer(client.GET("/api/v1/touchpoints/{name}/versions", { params: { path: { name } }, signal })) }),
  sandbox: (name: string) =>
    queryOptions({ queryKey: ["touchpoints", name, "sandbox"], queryFn: ({ signal }) => answer(client.GET("/api/v1/touchpoints/{name}/sandbox", { params: { path: { name } }, signal })), refetchInterval: 5_000 }),
  arrivals: (name: string) =>
    queryOptions({ queryKey: ["touchpoints", name, "arrivals"], queryFn: ({ signal }) => answer(client.GET("/api/v1/touchpoints/{name}/arrivals", { params: { path: { name }, query: { limit: ARRIVALS } }, signal })) }),
  preview: (name: string, body: PreviewRequest) =>
    queryOptions({
      queryKey: ["touchpoints", name, "preview", body],
      queryFn: ({ signal }) => answer(client.POST("/api/v1/touchpoints/{name}/preview", { params: { path: { name } }, body, signal })),
      placeholderData: keepPreviousData,
      retry: false,
      staleTime: 5_000,
      gcTime: minutes(1),
    }),
};

/** What came in after an offset of the log, the newest first. */
export function arrivalsAfter(name: string, after: number, signal: AbortSignal): Promise<Schema<"ArrivalList">> {
  return answer(client.GET("/api/v1/touchpoints/{name}/arrivals", { params: { path: { name }, query: { limit: ARRIVALS, after } }, signal }));
}

/** Secrets first, each on its own way; what is saved of them are references. */
export function useSaveTouchpoint() {
  const cache = useQueryClient();
  return useMutation({
    gcTime: 0,
    mutationFn: async ({ name, secrets, body }: { name: string; secrets: Record<string, string>; body: Change }) => {
      const settings = { ...body.settings };
      for (const [setting, value] of Object.entries(secrets)) {
        const kept = await answer(client.PUT("/api/v1/touchpoints/{name}/secrets/{setting}", { params: { path: { name, setting }, query: { fresh: true } }, body: { value } }));
        settings[setting] = kept.reference;
      }
      return answer(client.PUT("/api/v1/touchpoints/{name}", { params: { path: { name } }, body: { ...body, settings } }));
    },
    onSuccess: (saved) => {
      cache.setQueryData(touchpoints.one(saved.name).queryKey, saved);
      return cache.invalidateQueries({ queryKey: ["touchpoints"], predicate: ({ queryKey }) => queryKey[2] !== "preview" });
    },
  });
}

/** What can be saved again of a touchpoint as it is. */
export function changeOf(one: Detail): Change {
  const { title, channel, scopes, settings, mapping, joining, paused, sandbox, version } = one;
  return { title, channel, scopes, settings, mapping, joining, paused, sandbox, version, reason: "" };
}

export function useDeleteTouchpoint() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ name, reason }: { name: string; reason: string }) => answer(client.DELETE("/api/v1/touchpoints/{name}", { params: { path: { name }, query: { reason } } })),
    onSuccess: (_, { name }) => {
      cache.removeQueries({ queryKey: ["touchpoints", name] });
      return cache.invalidateQueries({ queryKey: ["touchpoints"], exact: true });
    },
  });
}

export function useTestTouchpoint(name: string) {
  return useMutation({ mutationFn: () => answer(client.POST("/api/v1/touchpoints/{name}/test", { params: { path: { name } } })) });
}

/** Somebody of the sandbox does something. */
export function useSandboxAct(name: string) {
  return useMutation({ mutationFn: (body: SandboxAct) => answer(client.POST("/api/v1/touchpoints/{name}/sandbox/acts", { params: { path: { name } }, body })) });
}

export function useSync(name: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: Schema<"SyncRequest">) => answer(client.POST("/api/v1/touchpoints/{name}/sync", { params: { path: { name } }, body })),
    onSettled: () => cache.invalidateQueries({ queryKey: ["touchpoints", name] }),
  });
}

export function useSendMessage(name: string) {
  return useMutation({ mutationFn: (body: Schema<"MessageInput">) => answer(client.POST("/api/v1/touchpoints/{name}/messages", { params: { path: { name } }, body })) });
}
