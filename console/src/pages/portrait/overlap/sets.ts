/** Segments held against each other: which intersections are drawn, what they are called, which condition they are. Pure. */
import type { Intersection } from "@/api/segments";
import type { JsonObject } from "@/conditions/model";

export const FEWEST = 2;
export const MOST = 6;
/** Columns drawn; the table has all of them. */
export const DRAWN = 24;

/** An intersection's name in the address: its segments in order. */
export const keyOf = (one: Pick<Intersection, "in">): string => [...one.in].sort().join("+");

/** Customers in all of some segments and in none of the others. */
export function conditionOf(one: Intersection): JsonObject {
  const parts: JsonObject[] = [...one.in.map((segment) => ({ segment })), ...one.out.map((segment) => ({ not: { segment } }))];
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { all: parts };
}

/** The segments asked for in the address: known, none twice, at most six. */
export function chosen(text: string | undefined, known: ReadonlySet<string>): string[] {
  return [...new Set((text ?? "").split(",").filter((name) => known.has(name)))].slice(0, MOST);
}
