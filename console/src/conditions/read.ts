/** From JSON to the editor's form; what it has no controls for becomes a raw leaf. */
import {
  type BehaviourLeaf,
  type ConsentLeaf,
  type Events,
  type Figure,
  type FigureName,
  FIGURES,
  type Filter,
  type Gap,
  type Group,
  isObject,
  type Json,
  type JsonObject,
  type Leaf,
  newId,
  type Node,
  type RawLeaf,
  type ReachableLeaf,
  type SequenceLeaf,
  type Step,
  type Test,
} from "./model";

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
  ...["last", "next", "day_of_week", "hour_of_day", "any_of", "all_of", "none_of", "size", "anniversary", "region"],
]);

const only = (value: JsonObject, known: ReadonlySet<string>): boolean => Object.keys(value).every((key) => known.has(key));

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

const AT_KEYS = new Set(["channel", "touchpoint"]);

/** The part that behaviours and steps share; null when it has something else in it. */
function eventsOf(event: Json | undefined, value: JsonObject): Events | null {
  if (!isText(event)) return null;
  const where = filtersOf(value.where);
  const at = value.at ?? {};
  if (where === null || !isObject(at) || !only(at, AT_KEYS)) return null;
  const channel = listOf(at.channel);
  const touchpoint = listOf(at.touchpoint);
  return channel === null || touchpoint === null ? null : { event, where, channel, touchpoint };
}

const BEHAVIOUR_KEYS = new Set<string>(["did", "did_not", "first", "last", "where", "at", "within", "since", ...FIGURES]);

function behaviourOf(value: JsonObject, not: number): BehaviourLeaf | null {
  const did = "did" in value;
  if ((did && "did_not" in value) || !only(value, BEHAVIOUR_KEYS)) return null;
  const asked = FIGURES.filter((name) => name in value);
  const [name] = asked;
  const figure = name === undefined ? null : figureOf(name, value[name] ?? null);
  if (asked.length > 1 || (name !== undefined && figure === null)) return null;
  const which = value.first === true ? "first" : value.last === true ? "last" : null;
  if (("first" in value && which !== "first") || ("last" in value && which !== "last")) return null;
  const events = eventsOf(did ? value.did : value.did_not, value);
  const within = windowOf(value.within);
  const since = value.since ?? null;
  const anchored = since === null || since === "entry" || (isObject(since) && isText(since.node) && Object.keys(since).length === 1);
  if (events === null || within === undefined || !anchored) return null;
  return { id: newId(), kind: "behaviour", not, did, which, ...events, figure, within, since };
}

/** A span, none (null), or something else (undefined). */
function spanOf(value: Json | undefined): string | null | undefined {
  if (value === undefined || value === null) return null;
  return isText(value) ? value : undefined;
}

const GAP_KEYS = new Set(["at_least", "at_most"]);

/** A bare span says `at_most`. */
function gapOf(value: Json | undefined): Gap | null | undefined {
  if (value === undefined || value === null) return null;
  if (isText(value)) return { at_least: null, at_most: value };
  if (!isObject(value) || !only(value, GAP_KEYS) || Object.keys(value).length === 0) return undefined;
  const least = spanOf(value.at_least);
  const most = spanOf(value.at_most);
  return least === undefined || most === undefined ? undefined : { at_least: least, at_most: most };
}

const DID_KEYS = new Set(["did", "where", "at", "gap"]);
const DID_NOT_KEYS = new Set(["did_not", "where", "at", "for"]);

function stepOf(value: Json): Step | null {
  if (!isObject(value)) return null;
  const did = "did" in value;
  if (!only(value, did ? DID_KEYS : DID_NOT_KEYS)) return null;
  const events = eventsOf(did ? value.did : value.did_not, value);
  const gap = gapOf(value.gap);
  const lasting = spanOf(value.for);
  return events === null || gap === undefined || lasting === undefined ? null : { id: newId(), did, ...events, gap, lasting };
}

const SEQUENCE_KEYS = new Set(["sequence", "within", "span"]);

function sequenceOf(value: JsonObject, not: number): SequenceLeaf | null {
  if (!Array.isArray(value.sequence) || !only(value, SEQUENCE_KEYS)) return null;
  const steps = value.sequence.map(stepOf);
  const within = windowOf(value.within);
  const span = spanOf(value.span);
  if (!steps.every((step) => step !== null) || within === undefined || span === undefined) return null;
  return { id: newId(), kind: "sequence", not, steps, within, span };
}

const CONSENT_KEYS = new Set(["purpose", "channel"]);

function consentOf(value: Json | undefined, not: number): ConsentLeaf | null {
  if (!isObject(value) || !only(value, CONSENT_KEYS) || !isText(value.purpose)) return null;
  const channel = spanOf(value.channel);
  return channel === undefined ? null : { id: newId(), kind: "consent", not, purpose: value.purpose, channel };
}

/** `reachable: wecom` says `{channel: wecom}`. */
function reachableOf(value: Json | undefined, not: number): ReachableLeaf | null {
  if (isText(value)) return { id: newId(), kind: "reachable", not, channel: value, touchpoint: null };
  if (!isObject(value) || !only(value, AT_KEYS) || !isText(value.channel)) return null;
  const touchpoint = spanOf(value.touchpoint);
  return touchpoint === undefined ? null : { id: newId(), kind: "reachable", not, channel: value.channel, touchpoint };
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
  const alone = Object.keys(value).length === 1;
  for (const kind of ["segment", "list"] as const) {
    if (kind in value) {
      const name = value[kind];
      return isText(name) && alone ? { id: newId(), kind, not, name } : raw;
    }
  }
  if ("consent" in value) return (alone && consentOf(value.consent, not)) || raw;
  if ("reachable" in value) return (alone && reachableOf(value.reachable, not)) || raw;
  if ("sequence" in value) return sequenceOf(value, not) ?? raw;
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
