/** Questions about the pool as a whole: the data map, what-if, and data quality. */
import { keepPreviousData, queryOptions, useMutation } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components, paths } from "./schema";

type Schema<N extends keyof components["schemas"]> = components["schemas"][N];

export type DataMap = Schema<"DataMapView">;
export type Place = Schema<"MapPlace">;
export type Gap = Schema<"MapGap">;
export type Linkage = Schema<"MapLinkage">;
export type IdentifierCell = Schema<"MapIdentifier">;
export type SignalCell = Schema<"MapSignal">;
export type WhatIf = Schema<"WhatIfAnswer">;
export type Quality = Schema<"QualityView">;
export type QualitySource = Schema<"QualitySource">;
export type Measure = Schema<"QualityMeasure">;
export type Dimension = Schema<"QualityProblem">["dimension"];
export type CellQuery = NonNullable<paths["/api/v1/data-map/customers"]["get"]["parameters"]["query"]>;
export type CellKind = CellQuery["kind"];

export const insight = {
  map: () => queryOptions({ queryKey: ["insight", "map"], queryFn: ({ signal }) => answer(client.GET("/api/v1/data-map", { signal })), staleTime: 60_000 }),
  customers: (query: CellQuery) =>
    queryOptions({
      queryKey: ["insight", "customers", query],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/data-map/customers", { params: { query }, signal })),
      placeholderData: keepPreviousData,
    }),
  quality: (days: number) =>
    queryOptions({
      queryKey: ["insight", "quality", days],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/quality", { params: { query: { days } }, signal })),
      placeholderData: keepPreviousData,
      staleTime: 60_000,
    }),
};

export function useWhatIf() {
  return useMutation({ mutationFn: (body: Schema<"WhatIfRequest">) => answer(client.POST("/api/v1/data-map/what-if", { body })) });
}
