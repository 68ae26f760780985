/** Questions about the tables of a touchpoint's database. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Entry, Kind } from "@/pages/databases/model";
import { answer, client } from "./client";
import type { components } from "./schema";

export type TablePreview = Omit<components["schemas"]["TablePreview"], "proposal"> & { proposal: Entry };

export const tables = {
  names: (name: string) =>
    queryOptions({ queryKey: ["tables", name], queryFn: ({ signal }) => answer(client.GET("/api/v1/touchpoints/{name}/tables", { params: { path: { name } }, signal })), retry: false, staleTime: 60_000 }),
  look: (name: string, table: string, kind: Kind | undefined) =>
    queryOptions({
      queryKey: ["tables", name, table, kind],
      queryFn: async ({ signal }) => (await answer(client.GET("/api/v1/touchpoints/{name}/tables/{table}", { params: { path: { name, table }, query: { kind } }, signal }))) as TablePreview,
      placeholderData: keepPreviousData,
      retry: false,
      staleTime: 60_000,
    }),
};
