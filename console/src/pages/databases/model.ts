/** One table of a database as a touchpoint's settings describe it: what each of its columns is taken for. */
import type { JsonObject } from "@/conditions/model";
import { isObject, type Json } from "@/conditions/model";

export type Entry = JsonObject & { name: string; table: string; kind: Kind };
export const KINDS = ["profile", "order", "event", "link", "product", "store", "coupon", "campaign"] as const;
export type Kind = (typeof KINDS)[number];
export const STEPS = ["placed", "paid", "shipped", "completed", "cancelled", "refunded"] as const;

/** What a column may be taken for: `ids phone`, `traits name`, `fields amount`, `steps paid`, `time`, `event`, `message_id`. */
export type Use = string;
const PARTS = ["ids", "traits", "fields", "steps"] as const;
export type Part = (typeof PARTS)[number];

const texts = (value: Json | undefined): string[] => (typeof value === "string" ? [value] : Array.isArray(value) ? value.filter((one) => typeof one === "string") : []);
const part = (entry: JsonObject, name: string): JsonObject => {
  const found = entry[name];
  return isObject(found) ? found : {};
};
/** The column of a field that may be written in its long form; none where it is made of several. */
const columnOf = (value: Json | undefined): string | undefined => (typeof value === "string" ? value : isObject(value) && typeof value.column === "string" ? value.column : undefined);

/** The tables of a touchpoint's settings; what has no name is none. */
export function entriesOf(settings: Record<string, unknown>): Entry[] {
  const written = settings.tables as Json | undefined;
  return Array.isArray(written) ? written.filter((one): one is Entry => isObject(one) && typeof one.name === "string" && typeof one.table === "string") : [];
}

export const listOf = (entry: Entry, name: "key" | "cursor"): string[] => texts(entry[name]);

/** A list of columns as it is written: one alone without a list; none not at all. */
export function withList(entry: Entry, name: "key" | "cursor", columns: readonly string[]): Entry {
  const { [name]: _, ...rest } = entry;
  const [first] = columns;
  if (first === undefined) return name === "key" ? { ...entry, key: [] } : (rest as Entry);
  return { ...entry, [name]: columns.length === 1 ? first : [...columns] };
}

/** What every column is taken for. */
export function usesOf(entry: Entry): Map<string, Use[]> {
  const found = new Map<string, Use[]>();
  const add = (column: string | undefined, use: Use): void => {
    if (column !== undefined) found.set(column, [...(found.get(column) ?? []), use]);
  };
  for (const name of PARTS) for (const [to, value] of Object.entries(part(entry, name))) add(columnOf(value), `${name} ${to}`);
  add(columnOf(entry.time), "time");
  add(columnOf(entry.event) === entry.event ? undefined : columnOf(entry.event), "event");
  for (const column of texts(entry.message_id)) add(column, "message_id");
  return found;
}

/** The entry with a column taken for these and nothing else. What stands in its long form (units, other words) is kept. */
export function withUses(entry: Entry, column: string, uses: readonly Use[]): Entry {
  const { ids: _ids, traits: _traits, fields: _fields, steps: _steps, time, event, message_id: numbers, ...rest } = entry;
  const parts = PARTS.map((name): [Part, JsonObject] => {
    const before = part(entry, name);
    const wanted = uses.filter((use) => use.startsWith(`${name} `)).map((use) => use.slice(name.length + 1));
    const kept = Object.entries(before).filter(([to, value]) => columnOf(value) !== column || wanted.includes(to));
    const added = wanted.filter((to) => columnOf(before[to]) !== column).map((to) => [to, column]);
    return [name, { ...Object.fromEntries(kept), ...Object.fromEntries(added) }];
  }).filter(([name, one]) => Object.keys(one).length > 0 || (name === "steps" && entry.kind === "order"));
  const named = isObject(event) && event.column === column;
  // The order of the columns is part of the number of an event: one that stays keeps its place, only a new one is put last.
  const told = texts(numbers);
  const numbering = uses.includes("message_id");
  const ids = told.includes(column) ? told.filter((one) => numbering || one !== column) : [...told, ...(numbering ? [column] : [])];
  return {
    ...rest,
    ...(uses.includes("time") ? { time: column } : time === undefined || time === column ? {} : { time }),
    ...(uses.includes("event") && !named ? { event: { column } } : event === undefined || (named && !uses.includes("event")) ? {} : { event }),
    ...(ids.length === 0 ? {} : { message_id: ids }),
    ...Object.fromEntries(parts),
  } as Entry;
}

/** Parts that only tables of one kind have. */
const OF_KIND: Record<string, Kind> = { steps: "order", lines: "order", event: "event" };
const same = (a: Json | undefined, b: Json | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Another proposal for a table (it was said to be of another kind); what somebody changed of the one before is kept. */
export function reproposed(draft: Entry, before: Entry, next: Entry): Entry {
  const changed = Object.entries(draft).filter(([name, value]) => name !== "kind" && !same(value, before[name]) && (OF_KIND[name] ?? next.kind) === next.kind);
  const gone = Object.keys(before).filter((name) => !(name in draft));
  const fresh = Object.entries(next).filter(([name]) => !gone.includes(name));
  return { ...Object.fromEntries(fresh), ...Object.fromEntries(changed), kind: next.kind } as Entry;
}

/** The settings with one table more, or changed; a changed one keeps its place. */
export function withEntry(settings: Record<string, unknown>, before: string | undefined, entry: Entry): Record<string, unknown> {
  const all = entriesOf(settings);
  const at = all.findIndex((one) => one.name === before);
  return { ...settings, tables: at < 0 ? [...all, entry] : all.map((one, place) => (place === at ? entry : one)) };
}

export function withoutEntry(settings: Record<string, unknown>, name: string): Record<string, unknown> {
  return { ...settings, tables: entriesOf(settings).filter((one) => one.name !== name) };
}

/** A name for a stream that no other table of the touchpoint has. */
export function freeName(taken: readonly string[], wanted: string): string {
  const base = wanted.replace(/[^A-Za-z0-9_]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 56) || "table";
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? base : `${base}_${n}`;
    if (!taken.includes(name)) return name;
  }
}
