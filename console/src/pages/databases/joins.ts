/** Tables beside a table: joins (one row each) and the lines of an order. Pure changes of what a touchpoint's settings say. */
import { isObject, type Json, type JsonObject } from "@/conditions/model";
import { type Entry, freeName, usesOf, withUses } from "./model";

/** Columns of the main table (or of an earlier join), and those of the other table that equal them. */
export type Match = [left: string, right: string];

export interface Join {
  table: string;
  name: string;
  on: Match[];
}

export interface Lines {
  table: string;
  on: Match[];
  /** Field of a line -> its column; in long form (units, other words) it is kept as it is. */
  fields: JsonObject;
}

/** The fields that a line of an order has. */
export const LINE_FIELDS = ["product_id", "sku_id", "name", "category", "brand", "quantity", "price", "amount", "discount"] as const;

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");
const matches = (value: Json | undefined): Match[] => (isObject(value) ? Object.entries(value).map(([left, right]) => [left, text(right)]) : []);
const written = (on: readonly Match[]): JsonObject => Object.fromEntries(on);

export function joinsOf(entry: Entry): Join[] {
  const { join } = entry;
  return Array.isArray(join) ? join.filter(isObject).map((one) => ({ table: text(one.table), name: text(one.name), on: matches(one.on) })) : [];
}

export function linesOf(entry: Entry): Lines | undefined {
  const { lines } = entry;
  return isObject(lines) ? { table: text(lines.table), on: matches(lines.on), fields: isObject(lines.fields) ? lines.fields : {} } : undefined;
}

function withJoins(entry: Entry, joins: readonly Join[]): Entry {
  const { join: _, ...rest } = entry;
  return (joins.length === 0 ? rest : { ...entry, join: joins.map(({ table, name, on }) => ({ table, name, on: written(on) })) }) as Entry;
}

/** A further table beside each row; the columns that are most likely equal are matched. */
export function withNewJoin(entry: Entry, table: string, main: readonly string[], columns: readonly string[], key: string | undefined): Entry {
  const joins = joinsOf(entry);
  const name = freeName(joins.map((one) => one.name), table.slice(table.lastIndexOf(".") + 1));
  return withJoins(entry, [...joins, { table, name, on: [guessed(table, main, columns, key)] }]);
}

/** The column here and the one there that are most likely the same thing: `member_id` and the key of `member`. */
export function guessed(table: string, main: readonly string[], columns: readonly string[], key: string | undefined): Match {
  const bare = table.slice(table.lastIndexOf(".") + 1).toLowerCase();
  const there = key ?? columns.find((one) => one.toLowerCase() === "id") ?? "";
  const wanted = [`${bare}_${there}`, `${bare.replace(/s$/, "")}_${there}`, `${bare}${there}`, there.toLowerCase() === "id" ? "" : there].map((one) => one.toLowerCase());
  const here = wanted.map((one) => main.find((column) => one !== "" && column.toLowerCase() === one)).find((one) => one !== undefined);
  if (here !== undefined) return [here, there];
  const equal = main.find((column) => column.toLowerCase() !== "id" && columns.includes(column) && column.toLowerCase().endsWith("id"));
  return equal === undefined ? ["", there] : [equal, equal];
}

/** A join with other matches. */
export const withMatches = (entry: Entry, at: number, on: readonly Match[]): Entry => withJoins(entry, joinsOf(entry).map((one, place) => (place === at ? { ...one, on: [...on] } : one)));

/** A join under another name: what its columns were taken for, and what other joins match with them, goes along. */
export function renamed(entry: Entry, at: number, name: string): Entry {
  const joins = joinsOf(entry);
  const before = joins[at]?.name;
  if (before === undefined || before === name) return entry;
  const moved = (column: string): string => (column.startsWith(`${before}.`) ? `${name}.${column.slice(before.length + 1)}` : column);
  const anew = withJoins(entry, joins.map((one, place) => ({ ...one, name: place === at ? name : one.name, on: one.on.map(([left, right]): Match => [moved(left), right]) })));
  return everyColumn(anew, moved);
}

/** Without a join, what its columns were taken for and what was matched with them. */
export function withoutJoin(entry: Entry, at: number): Entry {
  const joins = joinsOf(entry);
  const gone = joins[at]?.name;
  if (gone === undefined) return entry;
  const its = (column: string): boolean => column.startsWith(`${gone}.`);
  const left = withJoins(entry, joins.filter((_, place) => place !== at).map((one) => ({ ...one, on: one.on.filter(([here]) => !its(here)) })));
  return [...usesOf(left).keys()].filter(its).reduce((so, column) => withUses(so, column, []), left);
}

/** Every column that the mapping names, under the name that `moved` gives it. */
function everyColumn(entry: Entry, moved: (column: string) => string): Entry {
  const value = (one: Json | undefined): Json | undefined => {
    if (typeof one === "string") return moved(one);
    if (Array.isArray(one)) return one.map((each) => (typeof each === "string" ? moved(each) : each));
    return isObject(one) && one.column !== undefined ? { ...one, column: value(one.column) ?? "" } : one;
  };
  const changed: JsonObject = { ...entry };
  for (const part of ["ids", "traits", "fields", "steps"]) {
    const found = changed[part];
    if (isObject(found)) changed[part] = Object.fromEntries(Object.entries(found).map(([to, one]) => [to, value(one) ?? ""]));
  }
  for (const role of ["time", "message_id", "key", "cursor"]) if (changed[role] !== undefined) changed[role] = value(changed[role]) ?? "";
  if (isObject(changed.event)) changed.event = value(changed.event) ?? "";
  if (Array.isArray(changed.where)) changed.where = changed.where.map((one) => value(one) ?? one);
  return changed as Entry;
}

export function withLines(entry: Entry, lines: Lines | undefined): Entry {
  const { lines: before, ...rest } = entry;
  if (lines === undefined) return rest as Entry;
  return { ...rest, lines: { ...(isObject(before) ? before : {}), table: lines.table, on: written(lines.on), fields: lines.fields } } as Entry;
}

/** The column of a line's field; none where it is made of several. */
export const lineColumn = (value: Json | undefined): string | undefined => (typeof value === "string" ? value : isObject(value) && typeof value.column === "string" ? value.column : undefined);

/** A line's field from another column; its unit and its words stay. */
export function withLineField(lines: Lines, field: string, column: string | undefined): Lines {
  const { [field]: before, ...rest } = lines.fields;
  if (column === undefined) return { ...lines, fields: rest };
  return { ...lines, fields: { ...lines.fields, [field]: isObject(before) ? { ...before, column } : column } };
}

export type Gap = "match" | "name" | "fields";

/** What keeps this from being saved: a join without its columns, two of one name, lines without fields. */
export function gapOf(entry: Entry): Gap | null {
  const joins = joinsOf(entry);
  const lines = linesOf(entry);
  const open = (on: readonly Match[]): boolean => on.length === 0 || on.some(([left, right]) => left === "" || right === "");
  if (joins.some((one) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(one.name)) || new Set(joins.map((one) => one.name)).size < joins.length) return "name";
  if (joins.some((one) => open(one.on)) || (lines !== undefined && open(lines.on))) return "match";
  return lines !== undefined && Object.keys(lines.fields).length === 0 ? "fields" : null;
}
