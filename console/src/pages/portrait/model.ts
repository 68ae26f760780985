/** What can be said and done about a cell of a portrait. Pure. */
import type { Portrait, PortraitCell, PortraitDimension } from "@/api/segments";
import type { Json, JsonObject } from "@/conditions/model";
import { type Kind, kindOf } from "@/conditions/operators";

/** TGI at the ends of the axis: what lies further out is drawn at the end. */
export const LOWEST = 10;
export const HIGHEST = 1000;

export type DimensionKey = Pick<PortraitDimension, "kind" | "name">;

/** The part of a drawing's width, 0 to 1, at which a TGI stands: by its logarithm, so that half and double are as far from 100. */
export function placeOf(tgi: number): number {
  const clipped = Math.min(HIGHEST, Math.max(LOWEST, tgi));
  return (Math.log(clipped) - Math.log(LOWEST)) / (Math.log(HIGHEST) - Math.log(LOWEST));
}

/** Which way a cell differs: only when the whole interval lies on one side of 100. */
export function leaning(cell: Pick<PortraitCell, "low" | "high">): "more" | "less" | "even" {
  if (cell.low !== null && cell.low > 100) return "more";
  return cell.high !== null && cell.high < 100 ? "less" : "even";
}

/** Where the customers behind a count are listed; null where no filter says it. */
export function customersOf(segment: string | null, { kind, name }: DimensionKey, value: string | null): { segment?: string; tag: string; value: string } | null {
  if (kind !== "tag" || value === null) return null;
  return { ...(segment !== null && { segment }), tag: name, value };
}

interface Named {
  name: string;
  type: string;
}

/** What the question may be for a value that a portrait shows as text. */
function testOf(kind: Kind, value: string, several: boolean): JsonObject | null {
  if (several || kind === "list") return { any_of: [value] };
  if (kind === "boolean") return value === "true" || value === "false" ? { is: value === "true" } : null;
  // Numbers and dates are shown in bands, which are no values.
  return kind === "text" || kind === "place" ? { is: value } : null;
}

/** The condition that says "in this segment, and with this value"; null where the language has no word for the value. */
export function conditionOf(segment: string, dimension: DimensionKey & { several: boolean }, value: string | null, names: { tags: Named[]; attributes: Named[] }): JsonObject | null {
  // Masked values stand for many.
  if (value === null || dimension.kind === "channel" || value.includes("***")) return null;
  const known = (dimension.kind === "tag" ? names.tags : names.attributes).find((one) => one.name === dimension.name);
  if (known === undefined) return null;
  const test = dimension.kind === "tag" && !dimension.several && kindOf(known.type) !== "list" ? { is: value } : testOf(kindOf(known.type), value, dimension.several);
  if (test === null) return null;
  const leaf: Json = { [dimension.kind]: dimension.name, ...test };
  return { all: [{ segment }, leaf] };
}

/** Dimensions of some kind whose title or values are what is looked for. */
export function wanted(portrait: Portrait, kind: string | undefined, typed: string): PortraitDimension[] {
  const text = typed.trim().toLowerCase();
  return portrait.dimensions.filter(
    (one) =>
      (kind === undefined || one.kind === kind) &&
      (text === "" || `${one.name} ${one.title.zh} ${one.title.en} ${one.cells.map((cell) => cell.value ?? "").join(" ")}`.toLowerCase().includes(text)),
  );
}

/** What can be done with a cell; null where it can't. */
export interface Acts {
  save: (dimension: DimensionKey & { several: boolean; title: { zh: string; en: string } }, cell: PortraitCell) => (() => void) | null;
}
