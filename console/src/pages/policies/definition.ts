/** The contact policy as its forms edit it; what they have no field for stays as it is. */
import type { Json, JsonObject } from "@/conditions/model";
import { object, put, text } from "@/pages/messages/definition";

/** The cell of the matrix: no category is all but transactional, no channel is any. */
export interface Cell {
  category: string | undefined;
  channel: string | undefined;
}

export const capsOf = (policy: JsonObject): JsonObject[] => (Array.isArray(policy.caps) ? policy.caps.map(object) : []);

const same = (cap: JsonObject, cell: Cell): boolean => (text(cap.category) || undefined) === cell.category && (text(cap.channel) || undefined) === cell.channel;

export const capsIn = (policy: JsonObject, cell: Cell): JsonObject[] => capsOf(policy).filter((cap) => same(cap, cell));

/** The policy with other caps in one cell; those of other cells stay where they are. */
export function withCaps(policy: JsonObject, cell: Cell, caps: JsonObject[]): JsonObject {
  const named = caps.map((cap) => put(put(cap, "category", cell.category), "channel", cell.channel));
  const all = [...capsOf(policy).filter((cap) => !same(cap, cell)), ...named];
  return put(policy, "caps", all.length === 0 ? undefined : all);
}

/** The policy with an entry of one of its maps set, or taken away; a map without entries goes too. */
export function withEntry(policy: JsonObject, map: string, key: string, value: Json | undefined): JsonObject {
  const next = put(object(policy[map]), key, value);
  // Quiet hours and windows have entries of their own where the policy says nothing: an empty map says that there are none.
  return put(policy, map, Object.keys(next).length === 0 && map !== "quiet" && map !== "windows" ? undefined : next);
}

/** What holds where a policy says nothing of failures. */
export const BREAKER = { failures: 5, rest: "1 minute" };

/** Limits of an account's pace: one alone may stand without a list. */
export function paceOf(policy: JsonObject, touchpoint: string): JsonObject[] {
  const said = object(policy.pace)[touchpoint];
  return said === undefined ? [] : (Array.isArray(said) ? said : [said]).map(object);
}

/** The policy with other limits of one account; one without any is left out. */
export const withPace = (policy: JsonObject, touchpoint: string, limits: JsonObject[]): JsonObject => withEntry(policy, "pace", touchpoint, limits.length === 0 ? undefined : limits);

/** Windows of a channel, as `08:00-21:00, 22:00-23:00`. */
export const hoursText = (value: Json | undefined): string => (Array.isArray(value) ? value : value === undefined ? [] : [value]).map((one) => `${text(object(one).from)}-${text(object(one).to)}`).join(", ");

const HOURS = /^(([01]\d|2[0-3]):[0-5]\d)-(([01]\d|2[0-3]):[0-5]\d|24:00)$/;

/** Windows that a text names; null where it is none. */
export function readHours(typed: string): JsonObject[] | null {
  const parts = typed.split(/[,\uff0c]/).map((one) => one.trim()).filter((one) => one !== "");
  const found = parts.map((one) => HOURS.exec(one.replace(/\uff1a/g, ":").replace(/\s*[-\u2013~]\s*/, "-")));
  return found.some((one) => one === null) ? null : found.map((one) => ({ from: one?.[1] ?? "", to: one?.[3] ?? "" }));
}
