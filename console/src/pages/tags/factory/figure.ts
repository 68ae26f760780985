/** The one figure of a source of events: `times: true`, or `sum: amount`. */
import { FIGURES, type FigureName, isObject, type Json, type JsonObject } from "@/conditions/model";

export function figureOf(source: Json | undefined): { name: FigureName; of: string | null } | null {
  if (!isObject(source)) return null;
  const name = FIGURES.find((one) => one in source);
  if (name === undefined) return null;
  const of = source[name];
  return { name, of: typeof of === "string" ? of : null };
}

/** The source with another figure in the place of the one it has. */
export function withFigure(source: Json | undefined, name: FigureName, of: string | null): JsonObject {
  const value: Json = name === "times" || name === "days" ? true : (of ?? "");
  const before = isObject(source) ? source : {};
  const had = FIGURES.find((one) => one in before);
  if (had === undefined) return { ...before, [name]: value };
  return Object.fromEntries(Object.entries(before).flatMap(([key, one]) => (key === had ? [[name, value]] : FIGURES.includes(key as FigureName) || (key === "currency" && name !== had) ? [] : [[key, one]])));
}
