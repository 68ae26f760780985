/** Questions about segments beyond their definition: regions, plans, versions, portraits, overlap, lists. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { paths } from "./schema";

/** A province, city or district of the official division codes. */
export interface Region {
  code: string;
  name: string;
  level: number;
  parent: string | null;
  children: boolean;
}

type Get = (path: string, init: { params?: { path?: object; query?: object }; signal: AbortSignal }) => Promise<{ data?: unknown; error?: unknown; response: Response }>;
const get = client.GET as unknown as Get;
const asked = <T>(path: string, signal: AbortSignal, params: { path?: object; query?: object } = {}): Promise<T> => answer(get(path satisfies string as keyof paths, { params, signal }) as Promise<{ data?: T; error?: unknown; response: Response }>);

const HOUR = 3_600_000;

export const segmentQueries = {
  /** The divisions right below one (null: the provinces), or those that a text names. */
  regions: (parent: string | null, q: string) =>
    queryOptions({
      queryKey: ["regions", parent, q],
      queryFn: ({ signal }) => asked<{ items: Region[] }>("/api/v1/conditions/regions", signal, { query: { ...(parent !== null && { parent }), ...(q !== "" && { q }) } }),
      staleTime: HOUR,
    }),
  /** Divisions by code or name, such as a condition has them. */
  regionsNamed: (codes: string[]) =>
    queryOptions({
      queryKey: ["regions", "named", codes],
      queryFn: ({ signal }) => asked<{ items: Region[] }>("/api/v1/conditions/regions", signal, { query: { codes: codes.join(",") } }),
      staleTime: HOUR,
      placeholderData: keepPreviousData,
    }),
};
