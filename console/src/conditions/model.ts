/**
 * The editor's form of a condition. `fromJson` takes any JSON: what the editor has no controls for is kept as it is
 * (kind "raw"), so that opening and saving never loses anything. `toJson` is its inverse on canonical conditions.
 */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/** One question asked of a value: `at_least: 3`. */
export interface Test {
  op: string;
  value: Json;
}

interface Base {
  id: string;
  /** How many `not` stand before it. */
  not: number;
}

export interface Group extends Base {
  kind: "group";
  mode: "all" | "any";
  children: Node[];
}

/** A test of an attribute's or a tag's value. */
export interface ValueLeaf extends Base {
  kind: "attribute" | "tag";
  name: string;
  tests: Test[];
  currency: string | null;
}

export interface SegmentLeaf extends Base {
  kind: "segment";
  name: string;
}

export interface Filter {
  id: string;
  field: string;
  tests: Test[];
  currency: string | null;
}

export const FIGURES = ["times", "days", "sum", "avg", "min", "max", "distinct"] as const;
export type FigureName = (typeof FIGURES)[number];

export interface Figure {
  name: FigureName;
  /** The field it is made of; null for times and days. */
  of: string | null;
  tests: Test[];
  currency: string | null;
}

export interface BehaviourLeaf extends Base {
  kind: "behaviour";
  did: boolean;
  event: string;
  /** The first such event ever, the latest one, or any. */
  which: "first" | "last" | null;
  where: Filter[];
  channel: string[];
  touchpoint: string[];
  figure: Figure | null;
  within: JsonObject | null;
}

/** A part that the editor shows as text only. */
export interface RawLeaf extends Base {
  kind: "raw";
  value: Json;
}

export type Leaf = ValueLeaf | SegmentLeaf | BehaviourLeaf | RawLeaf;
export type Node = Group | Leaf;

let last = 0;
export function newId(): string {
  last += 1;
  return `n${last}`;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isText = (value: unknown): value is string => typeof value === "string";

/** Tests of a predicate, or null when it has something that is no test. */
function testsOf(value: Json, known: ReadonlySet<string>): { tests: Test[]; currency: string | null } | null {
  if (!isObject(value)) return null;
  const { currency = null, ...rest } = value;
  if (currency !== null && !isText(currency)) return null;
  if (!Object.keys(rest).every((op) => known.has(op))) return null;
  return { tests: Object.entries(rest).map(([op, operand]) => ({ op, value: operand })), currency };
}

const NUMBER_OPS = new Set(["is", "is_not", "at_least", "at_most", "above", "below", "between"]);
const VALUE_OPS = new Set([
  ...NUMBER_OPS,
  ...["in", "not_in", "contains", "starts_with", "ends_with", "matches", "is_set", "is_unset", "before", "after", "on"],
  ...["last", "next", "day_of_week", "hour_of_day", "any_of", "all_of", "none_of", "size"],
]);

/** `category: x` says `is`, `category: [x, y]` says `in`. */
function bare(value: Json): Json {
  if (Array.isArray(value)) return { in: value };
  return isObject(value) || value === null ? value : { is: value };
}

function listOf(value: Json | undefined): string[] | null {
  if (value === undefined || value === null) return [];
  const list = Array.isArray(value) ? value : [value];
  return list.every(isText) ? list : null;
}

function filtersOf(where: Json | undefined): Filter[] | null {
  if (where === undefined || where === null) return [];
  if (!isObject(where)) return null;
  const filters: Filter[] = [];
  for (const [field, predicate] of Object.entries(where)) {
    const found = testsOf(bare(predicate), VALUE_OPS);
    if (found === null) return null;
    filters.push({ id: newId(), field, ...found });
  }
  return filters;
}

function figureOf(name: FigureName, value: Json): Figure | null {
  if (name === "times" || name === "days") {
    const found = testsOf(bare(value), NUMBER_OPS);
    return found?.currency === null ? { name, of: null, ...found } : null;
  }
  if (!isObject(value) || !isText(value.of)) return null;
  const { of, ...rest } = value;
  const found = testsOf(rest, NUMBER_OPS);
  return found === null ? null : { name, of, ...found };
}

function windowOf(value: Json | undefined): JsonObject | null | undefined {
  if (value === undefined || value === null) return null;
  if (value === "today") return { this: "day" };
  if (value === "yesterday") return { previous: "day" };
  return isObject(value) ? value : undefined;
}

const BEHAVIOUR_KEYS = new Set<string>(["did", "did_not", "first", "last", "where", "at", "within", ...FIGURES]);

function behaviourOf(value: JsonObject, not: number): BehaviourLeaf | null {
  const did = "did" in value;
  const event = did ? value.did : value.did_not;
  if (!isText(event) || (did && "did_not" in value) || !Object.keys(value).every((key) => BEHAVIOUR_KEYS.has(key))) return null;
  const asked = FIGURES.filter((name) => name in value);
  const [name] = asked;
  const figure = name === undefined ? null : figureOf(name, value[name] ?? null);
  if (asked.length > 1 || (name !== undefined && figure === null)) return null;
  const which = value.first === true ? "first" : value.last === true ? "last" : null;
  if (("first" in value && which !== "first") || ("last" in value && which !== "last")) return null;
  const where = filtersOf(value.where);
  const within = windowOf(value.within);
  const at = value.at ?? {};
  if (where === null || within === undefined || !isObject(at) || !Object.keys(at).every((key) => key === "channel" || key === "touchpoint")) return null;
  const channel = listOf(at.channel);
  const touchpoint = listOf(at.touchpoint);
  if (channel === null || touchpoint === null) return null;
  return { id: newId(), kind: "behaviour", not, did, event, which, where, channel, touchpoint, figure, within };
}

function leafOf(value: Json, not: number): Leaf {
  const raw: RawLeaf = { id: newId(), kind: "raw", not, value };
  if (!isObject(value)) return raw;
  for (const kind of ["attribute", "tag"] as const) {
    if (kind in value) {
      const { [kind]: name, ...rest } = value;
      const found = testsOf(rest, VALUE_OPS);
      return isText(name) && found !== null ? { id: newId(), kind, not, name, ...found } : raw;
    }
  }
  if ("segment" in value) {
    return isText(value.segment) && Object.keys(value).length === 1 ? { id: newId(), kind: "segment", not, name: value.segment } : raw;
  }
  return (("did" in value || "did_not" in value) && behaviourOf(value, not)) || raw;
}

export function fromJson(value: Json, not = 0): Node {
  if (isObject(value) && Object.keys(value).length === 1) {
    if ("not" in value) return fromJson(value.not ?? null, not + 1);
    for (const mode of ["all", "any"] as const) {
      const parts = value[mode];
      if (Array.isArray(parts)) return { id: newId(), kind: "group", not, mode, children: parts.map((part) => fromJson(part)) };
    }
  }
  return leafOf(value, not);
}

/** The tree's root is always a group in the editor; a condition of one leaf is shown as a group of one. */
export function fromJsonRoot(value: unknown): Group {
  const node = fromJson(value as Json);
  return node.kind === "group" ? node : { id: newId(), kind: "group", not: 0, mode: "all", children: [node] };
}

function testsJson(tests: Test[], currency: string | null): JsonObject {
  const out: JsonObject = {};
  for (const test of tests) out[test.op] = test.value;
  if (currency !== null) out.currency = currency;
  return out;
}

function plain(node: Node): Json {
  switch (node.kind) {
    case "group":
      return { [node.mode]: node.children.map(toJson) };
    case "attribute":
    case "tag":
      return { [node.kind]: node.name, ...testsJson(node.tests, node.currency) };
    case "segment":
      return { segment: node.name };
    case "raw":
      return node.value;
    case "behaviour": {
      const out: JsonObject = { [node.did ? "did" : "did_not"]: node.event };
      if (node.which !== null) out[node.which] = true;
      if (node.where.length > 0) {
        const where: JsonObject = {};
        for (const filter of node.where) {
          const before = where[filter.field];
          where[filter.field] = { ...(isObject(before) ? before : {}), ...testsJson(filter.tests, filter.currency) };
        }
        out.where = where;
      }
      if (node.channel.length > 0 || node.touchpoint.length > 0) {
        out.at = { ...(node.channel.length > 0 && { channel: node.channel }), ...(node.touchpoint.length > 0 && { touchpoint: node.touchpoint }) };
      }
      if (node.figure !== null) {
        const { name, of, tests, currency } = node.figure;
        out[name] = { ...(of !== null && { of }), ...testsJson(tests, currency) };
      }
      if (node.within !== null) out.within = node.within;
      return out;
    }
  }
}

export function toJson(node: Node): Json {
  let out = plain(node);
  for (let i = 0; i < node.not; i++) out = { not: out };
  return out;
}

/** The condition to save: a plain group of one is its only part. */
export function toJsonRoot(root: Group): Json {
  const [only] = root.children;
  return root.children.length === 1 && only !== undefined && root.not === 0 ? toJson(only) : toJson(root);
}
