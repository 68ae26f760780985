/** Questions about segments beyond their definition: regions, plans, versions, portraits, overlap. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";

type Schema<N extends keyof components["schemas"]> = components["schemas"][N];

export type SegmentPlan = Schema<"SegmentPlan">;
export type ConditionChange = Schema<"ConditionChange">;
export type SegmentVersion = Schema<"SegmentVersion">;
export type VersionDiff = Schema<"VersionDiff">;
export type SizePoint = Schema<"SizePoint">;
export type Portrait = Schema<"Portrait">;
export type PortraitCell = Schema<"PortraitCell">;
export type PortraitDimension = Schema<"PortraitDimension">;
export type Overlap = Schema<"Overlap">;
export type Intersection = Schema<"Intersection">;
/** A province, city or district of the official division codes. */
export type Region = Schema<"RegionName">;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const segmentQueries = {
  /** What saving a condition would do, counted anew each time it is asked. */
  plan: (name: string | null, condition: Record<string, unknown>) =>
    queryOptions({
      queryKey: ["segment-plan", name, condition],
      queryFn: ({ signal }) => answer(client.POST("/api/v1/segments/plan", { body: { name, condition }, signal })),
      retry: false,
      staleTime: 0,
      gcTime: 0,
      refetchOnWindowFocus: false,
    }),
  diff: (name: string, before: number, after: number) =>
    queryOptions({
      queryKey: ["segments", name, "diff", before, after],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/segments/{name}/diff", { params: { path: { name }, query: { before, after } }, signal })),
      placeholderData: keepPreviousData,
      staleTime: HOUR,
    }),
  history: (name: string, days: number, step: "day" | "hour") =>
    queryOptions({
      queryKey: ["segments", name, "history", days, step],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/segments/{name}/history", { params: { path: { name }, query: { days, step } }, signal })),
      placeholderData: keepPreviousData,
    }),
  portrait: (name: string, base: string) =>
    queryOptions({
      queryKey: ["segments", name, "portrait", base],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/segments/{name}/portrait", { params: { path: { name }, query: { base } }, signal })),
      placeholderData: keepPreviousData,
      staleTime: MINUTE,
    }),
  overlap: (segments: string[]) =>
    queryOptions({
      queryKey: ["overlap", segments],
      queryFn: ({ signal }) => answer(client.POST("/api/v1/segments/overlap", { body: { segments }, signal })),
      placeholderData: keepPreviousData,
      staleTime: MINUTE,
      retry: false,
    }),
  /** The divisions right below one (null: the provinces), or those that a text names. */
  regions: (parent: string | null, q: string) =>
    queryOptions({
      queryKey: ["regions", parent, q],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/conditions/regions", { params: { query: { ...(parent !== null && { parent }), ...(q !== "" && { q }) } }, signal })),
      staleTime: HOUR,
    }),
  /** Divisions by code or name, such as a condition has them. */
  regionsNamed: (codes: string[]) =>
    queryOptions({
      queryKey: ["regions", "named", codes],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/conditions/regions", { params: { query: { codes: codes.join(",") } }, signal })),
      staleTime: HOUR,
      placeholderData: keepPreviousData,
    }),
};
