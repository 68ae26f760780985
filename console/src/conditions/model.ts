/**
 * The editor's form of a condition. `fromJson` (read.ts) takes any JSON: what the editor has no controls for is kept as
 * it is (kind "raw"), so that opening and saving never loses anything. `toJson` (write.ts) is its inverse on canonical
 * conditions.
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

/** The customer is in another segment, or on a list. */
export interface MemberLeaf extends Base {
  kind: "segment" | "list";
  name: string;
}

/** A standing consent: to a purpose, on a channel or on any. */
export interface ConsentLeaf extends Base {
  kind: "consent";
  purpose: string;
  channel: string | null;
}

/** A live, permitted address on a channel, at one touchpoint of it or at any. */
export interface ReachableLeaf extends Base {
  kind: "reachable";
  channel: string;
  touchpoint: string | null;
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

/** Which events are meant: of one name, with filters, at some places. */
export interface Events {
  event: string;
  where: Filter[];
  channel: string[];
  touchpoint: string[];
}

export interface BehaviourLeaf extends Base, Events {
  kind: "behaviour";
  did: boolean;
  /** The first such event ever, the latest one, or any. */
  which: "first" | "last" | null;
  figure: Figure | null;
  within: JsonObject | null;
  /** In journeys: `entry`, or `{node: …}`; from then on events count. */
  since: Json;
}

/** How long after the `did` step before, both ends included. */
export interface Gap {
  at_least: string | null;
  at_most: string | null;
}

export interface Step extends Events {
  id: string;
  did: boolean;
  /** Only of a `did` step that is not the first. */
  gap: Gap | null;
  /** Only of a `did_not` step: how long nothing of the kind may happen. */
  lasting: string | null;
}

/** Events in this order. */
export interface SequenceLeaf extends Base {
  kind: "sequence";
  steps: Step[];
  within: JsonObject | null;
  /** From the first event to the last one at most. */
  span: string | null;
}

/** A part that the editor shows as text only. */
export interface RawLeaf extends Base {
  kind: "raw";
  value: Json;
}

export type Leaf = ValueLeaf | MemberLeaf | ConsentLeaf | ReachableLeaf | BehaviourLeaf | SequenceLeaf | RawLeaf;
export type Node = Group | Leaf;

let last = 0;
export function newId(): string {
  last += 1;
  return `n${last}`;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
