/** Messages on their way: the log of deliveries, those of which nobody knows what became, work for associates. */
import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components, paths } from "./schema";

type Schema<N extends keyof components["schemas"]> = components["schemas"][N];

export type Delivery = Schema<"Delivery">;
export type DeliveryDetail = Schema<"DeliveryDetail">;
export type DeliveryState = Delivery["state"];
export type Decision = Schema<"UnknownDecision">["decision"];
export type Task = Schema<"Task">;
type Asked = NonNullable<paths["/api/v1/deliveries"]["get"]["parameters"]["query"]>;
export type DeliveryFilter = Pick<Asked, "journey" | "broadcast" | "message" | "channel" | "state" | "reason" | "customer_id" | "node" | "hop" | "version" | "entered_from" | "entered_to">;

export const reach = {
  deliveries: (filter: DeliveryFilter) =>
    infiniteQueryOptions({
      queryKey: ["deliveries", filter],
      queryFn: ({ signal, pageParam }) => answer(client.GET("/api/v1/deliveries", { params: { query: { ...filter, limit: 50, cursor: pageParam } }, signal })),
      initialPageParam: undefined as string | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
      placeholderData: keepPreviousData,
    }),
  counts: (filter: DeliveryFilter) =>
    queryOptions({
      queryKey: ["deliveries", "counts", filter],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/deliveries/counts", { params: { query: filter }, signal })),
      placeholderData: keepPreviousData,
    }),
  delivery: (id: string) => queryOptions({ queryKey: ["deliveries", "one", id], queryFn: ({ signal }) => answer(client.GET("/api/v1/deliveries/{send_id}", { params: { path: { send_id: id } }, signal })) }),
  tasks: (status: Task["status"] | undefined, staff: string | undefined) =>
    queryOptions({ queryKey: ["tasks", status, staff], queryFn: ({ signal }) => answer(client.GET("/api/v1/tasks", { params: { query: { status, staff, limit: 200 } }, signal })) }),
  tasksOf: (head: number) =>
    queryOptions({ queryKey: ["tasks", "of", head], queryFn: ({ signal }) => answer(client.GET("/api/v1/tasks", { params: { query: { head, limit: 200 } }, signal })) }),
};

/** Where the messages of a filter are fetched as CSV. */
export function deliveriesUrl({ state, ...filter }: DeliveryFilter): string {
  const query = new URLSearchParams(Object.entries(filter).flatMap(([name, value]) => (value == null ? [] : [[name, String(value)]])));
  for (const one of state ?? []) query.append("state", one);
  return `/api/v1/deliveries.csv?${query.toString()}`;
}

/** What is to become of messages of which it can't be told whether they went out. */
export function useDecide() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { decision: Decision; send_ids: string[]; reason: string }) => answer(client.POST("/api/v1/unknown/decide", { body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["deliveries"] }),
  });
}

const ANSWERED_MS = 3_000;

export function useTaskAct() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ id, act, staff = "" }: { id: number; act: "done" | "remind" | "reassign" | "ask"; staff?: string }) => {
      const params = { path: { id } };
      if (act === "done") return answer(client.POST("/api/v1/tasks/{id}/done", { params, body: { result: "done" } }));
      if (act === "ask") return answer(client.POST("/api/v1/tasks/{id}/ask", { params }));
      if (act === "remind") return answer(client.POST("/api/v1/tasks/{id}/remind", { params }));
      return answer(client.POST("/api/v1/tasks/{id}/reassign", { params, body: { staff_id: staff } }));
    },
    onSuccess: (_, { act }) => {
      // What a platform answers is there a moment later.
      if (act === "ask") setTimeout(() => void cache.invalidateQueries({ queryKey: ["tasks"] }), ANSWERED_MS);
      return cache.invalidateQueries({ queryKey: ["tasks"] });
    },
  });
}
