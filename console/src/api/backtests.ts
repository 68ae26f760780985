/** Journeys over the past: simulations, back-tests over everybody, two definitions beside each other, cases. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { JsonObject } from "@/conditions/model";
import { answer, client } from "./client";
import { ApiError } from "./errors";
import type { components } from "./schema";

type Schema<N extends keyof components["schemas"]> = components["schemas"][N];

export type Simulation = Schema<"Simulation">;
export type SimulatedRun = Schema<"SimulatedRun">;
export type Difference = Schema<"SimulationDifference">;
export type BacktestJob = Schema<"BacktestJob">;
export type JourneyCase = Schema<"JourneyCase">;
export type CaseResult = Schema<"JourneyCaseResult">;

/** What is asked; what is left out the server fills in. */
export type Asked = Partial<Schema<"SimulationRequest">> & Pick<Schema<"SimulationRequest">, "definition" | "start" | "days">;

/** For so long what a case came to over a definition is not asked again: the dialog may be closed and opened. */
const KEPT_MS = 5 * 60_000;

/** How often a long one is looked at while it runs. */
const LOOK_MS = 1_000;

/** The server carries out cases for one at a time: whoever comes meanwhile asks again. */
const BUSY = new Set(["cases-busy", "simulations-busy"]);

const patient = {
  retry: (_count: number, error: Error): boolean => error instanceof ApiError && BUSY.has(error.code),
  retryDelay: 2 * LOOK_MS,
};

export const backtests = {
  job: (id: string | null) =>
    queryOptions({
      queryKey: ["backtest", id],
      enabled: id !== null,
      queryFn: ({ signal }) => answer(client.GET("/api/v1/journeys/backtest/{id}", { params: { path: { id: id ?? "" } }, signal })),
      refetchInterval: (query) => (query.state.data === undefined || query.state.data.status === "running" ? LOOK_MS : false),
      retry: false,
    }),
  cases: (name: string) => queryOptions({ queryKey: ["journeys", name, "cases"], queryFn: ({ signal }) => answer(client.GET("/api/v1/journeys/{name}/cases", { params: { path: { name } }, signal })) }),
  /** One case alone: several of them one after the other show how far they are. */
  result: (name: string, definition: JsonObject, one: string, wanted: boolean) =>
    queryOptions({ queryKey: ["case-run", name, one, definition], enabled: wanted, queryFn: ({ signal }) => answer(client.POST("/api/v1/journeys/cases/run", { body: { definition, names: [one] }, signal })), ...patient, gcTime: KEPT_MS, staleTime: Infinity, refetchOnWindowFocus: false }),
  results: (name: string, definition: JsonObject, wanted: boolean) =>
    queryOptions({ queryKey: ["journeys", name, "cases", "run", definition], enabled: wanted, queryFn: ({ signal }) => answer(client.POST("/api/v1/journeys/cases/run", { body: { definition }, signal })), ...patient, gcTime: 0, refetchOnWindowFocus: false }),
};

/** The same for what is asked once: again and again while the server carries out others, until it is given up. */
async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError) || !BUSY.has(error.code) || signal.aborted) throw error;
    }
    await new Promise((done) => setTimeout(done, patient.retryDelay));
  }
}

export const simulate = (body: Asked, signal: AbortSignal): Promise<Simulation> => patiently(() => answer(client.POST("/api/v1/journeys/simulate", { body: body as Schema<"SimulationRequest">, signal })), signal);

export const compare = (body: Asked & { before?: JsonObject }, signal: AbortSignal): Promise<Difference> => patiently(() => answer(client.POST("/api/v1/journeys/simulate/difference", { body: body as Schema<"DifferenceRequest">, signal })), signal);

export const startBacktest = (body: Asked): Promise<BacktestJob> => answer(client.POST("/api/v1/journeys/backtest", { body: body as Schema<"SimulationRequest"> }));

export const stopBacktest = (id: string): Promise<BacktestJob> => answer(client.DELETE("/api/v1/journeys/backtest/{id}", { params: { path: { id } } }));

export function useKeepCase(journey: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: Asked & { name: string; note: string }) => answer(client.POST("/api/v1/journeys/cases", { body: body as Schema<"JourneyCaseRequest"> })),
    onSuccess: () => {
      cache.removeQueries({ queryKey: ["case-run", journey] });
      return cache.invalidateQueries({ queryKey: ["journeys", journey, "cases"] });
    },
  });
}

export function useDropCase(journey: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => answer(client.DELETE("/api/v1/journeys/{name}/cases/{case}", { params: { path: { name: journey, case: name } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["journeys", journey, "cases"] }),
  });
}
