/**
 * A tag's definition as the factory edits it: the plain object itself. A form changes one place of it, the text is the
 * whole of it, so what the forms have no control for is kept as it is.
 */
import { isObject, type Json, type JsonObject } from "@/conditions/model";

export type Definition = JsonObject;
type Step = string | number;

export const KINDS = ["attribute", "import", "first_last", "metric", "preference", "state", "sequence", "rfm", "expression", "sql", "model"] as const;
export type Kind = (typeof KINDS)[number];
export const MODELS = ["clv", "classifier", "lookalike", "cluster"] as const;
export type ModelKind = (typeof MODELS)[number];

export const kindOf = (definition: Definition): Kind | null => KINDS.find((one) => one === definition.kind) ?? null;
export const modelOf = (definition: Definition): ModelKind | null => MODELS.find((one) => one === definition.model) ?? null;

/** `states[1].when.did` -> ["states", 1, "when", "did"] */
export function stepsOf(place: string): Step[] {
  return [...place.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([name, index]) => (index === undefined ? name : Number(index)));
}

/** What stands at a place; undefined where nothing does. */
export function valueAt(definition: Json | undefined, place: string): Json | undefined {
  let value: Json | undefined = definition;
  for (const step of stepsOf(place)) {
    if (typeof step === "number") value = Array.isArray(value) ? value[step] : undefined;
    else value = isObject(value) ? value[step] : undefined;
  }
  return value;
}

function put(value: Json | undefined, steps: Step[], next: Json | undefined): Json | undefined {
  const [step, ...rest] = steps;
  if (step === undefined) return next;
  if (typeof step === "number") {
    const list = Array.isArray(value) ? [...value] : [];
    const inner = put(list[step], rest, next);
    if (inner === undefined) list.splice(step, 1);
    else list[step] = inner;
    return list;
  }
  const { [step]: before, ...others } = isObject(value) ? value : ({} as JsonObject);
  const inner = put(before, rest, next);
  if (inner === undefined) return others;
  // A key that was there keeps its place among the others.
  return isObject(value) && step in value ? { ...value, [step]: inner } : { ...others, [step]: inner };
}

/** The definition with another value at a place; undefined takes away what stands there. */
export function withValue(definition: Definition, place: string, next: Json | undefined): Definition {
  const made = put(definition, stepsOf(place), next);
  return isObject(made) ? made : {};
}

const HEAD = ["tag", "title", "says", "group", "kind", "model"];
const TAIL = ["when_missing", "schedule", "owner", "purpose"];

/** The same definition with its keys in the order in which people read them. */
export function ordered(definition: Definition): Definition {
  const rank = (key: string): number => {
    const head = HEAD.indexOf(key);
    if (head >= 0) return head - HEAD.length;
    return TAIL.indexOf(key) + 1;
  };
  return Object.fromEntries(Object.entries(definition).sort(([a], [b]) => rank(a) - rank(b)));
}

export const textAt = (definition: Definition, place: string): string => {
  const value = valueAt(definition, place);
  return typeof value === "string" ? value : "";
};
export const numberAt = (definition: Definition, place: string): number | null => {
  const value = valueAt(definition, place);
  return typeof value === "number" ? value : null;
};
/** Texts at a place; one text alone stands for a list of it. */
export const textsAt = (definition: Definition, place: string): string[] => {
  const value = valueAt(definition, place);
  const list = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
  return list.filter((one) => typeof one === "string");
};

/** A title in both languages; one text stands for both. */
export function titleAt(definition: Definition): { zh: string; en: string } {
  const { title } = definition;
  if (typeof title === "string") return { zh: title, en: title };
  return { zh: textAt(definition, "title.zh"), en: textAt(definition, "title.en") };
}

/** Whether a problem at `place` belongs to a control that edits `own`, and to no control inside of it. */
export function belongs(place: string, own: string): boolean {
  return own === "" || place === own || place.startsWith(`${own}.`) || place.startsWith(`${own}[`);
}
