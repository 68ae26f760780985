/** A destination as its form edits it; what the form has no field for stays as it is. */
import { isObject, type Json, type JsonObject } from "@/conditions/model";
import type { TOS, WHATS } from "./words";

export type What = (typeof WHATS)[number];
export type To = (typeof TOS)[number];

/** What each kind of rows has of its own. */
export const BASES: Record<What, readonly string[]> = {
  profiles: ["customer_id", "first_seen", "last_seen"],
  members: ["customer_id", "segment", "since"],
  list_members: ["customer_id", "list", "since"],
  changes: ["change_id", "customer_id", "segment", "change", "at"],
  tags: ["customer_id", "tag", "value", "as_of"],
  orders: ["order_id", "touchpoint", "channel", "customer_id", "status", "placed_at", "paid_at", "refunded_at", "closed_at", "amount", "discount", "refunded_amount", "currency", "store_id"],
};

/** Which names a kind of rows is made for. */
export const FOR: Partial<Record<What, "segments" | "lists" | "tags">> = { members: "segments", changes: "segments", list_members: "lists", tags: "tags" };

export const TARGETS: Record<To, JsonObject> = {
  database: { kind: "database", url: "", table: "" },
  folder: { kind: "folder", path: "", format: "parquet" },
  s3: { kind: "s3", bucket: "", path: "", format: "parquet", region: "us-east-1", access_key: "", secret_key: "" },
  webhook: { kind: "webhook", touchpoint: "", batch: 500 },
  ads: { kind: "ads", touchpoint: "", path: "" },
};

/** The places of a target that hold secrets, of which only references are ever saved. */
export const SECRETS: Record<To, readonly string[]> = { database: ["url"], folder: [], s3: ["access_key", "secret_key"], webhook: [], ads: [] };

export interface Column {
  name: string;
  source: string;
}

/** Columns in their order, however they are written: a mapping, or a list of pairs. */
export function columnsOf(value: Json | undefined): Column[] {
  const pairs = Array.isArray(value) ? value.filter(isObject).flatMap((one) => Object.entries(one)) : isObject(value) ? Object.entries(value) : [];
  return pairs.map(([name, source]) => ({ name, source: typeof source === "string" ? source : "" }));
}

/** As a list of pairs, which keeps the order. */
export const written = (columns: readonly Column[]): JsonObject[] => columns.map(({ name, source }) => ({ [name]: source }));

/** The columns that a kind of rows begins with. */
export const plain = (what: What): JsonObject[] => written(BASES[what].map((source) => ({ name: source, source })));

export const EMPTY: JsonObject = { what: "profiles", columns: plain("profiles"), to: TARGETS.folder, mode: "changes", gone: "delete", every: 3600, purpose: "" };

/** Another target. An audience for advertisements is of the members of segments, in files of the platform's own form. */
export function aimed(body: JsonObject, to: JsonObject): JsonObject {
  const ads = to.kind === "ads";
  const was = isObject(body.to) && body.to.kind === "ads";
  if (ads === was) return { ...body, to };
  if (!ads) return { ...body, to, columns: plain("members") };
  const { columns: _columns, ...rest } = turned(body, "members");
  return { ...rest, ...(Array.isArray(body.segments) ? { segments: body.segments } : {}), gone: body.gone === "keep" ? "keep" : "delete", to };
}

/** Other rows: the columns that they know too stay, those of their own come first. */
export function turned(body: JsonObject, what: What): JsonObject {
  const { segments: _segments, lists: _lists, tags: _tags, ...rest } = body;
  const kept = columnsOf(body.columns).filter(({ source }) => source.includes("."));
  return { ...rest, what, columns: [...plain(what), ...written(kept)] };
}
