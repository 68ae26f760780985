/** A message as its form edits it; what the form has no field for stays as it is. */
import { isObject, type Json, type JsonObject } from "@/conditions/model";

export const CATEGORIES = ["promotion", "service", "transactional"] as const;

export const text = (value: Json | undefined): string => (typeof value === "string" ? value : typeof value === "number" ? String(value) : "");
export const object = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
export const contents = (definition: JsonObject): JsonObject[] => (Array.isArray(definition.contents) ? definition.contents.map(object) : []);

/** A title in both languages, however it is written. */
export const titles = (value: Json | undefined): { zh: string; en: string } => (typeof value === "string" ? { zh: value, en: value } : { zh: text(object(value).zh), en: text(object(value).en) });

/** The same with a key set; an empty value takes the key away. */
export function put(whole: JsonObject, key: string, value: Json | undefined): JsonObject {
  const { [key]: before, ...rest } = whole;
  if (value === undefined || value === "") return rest;
  return before === undefined ? { ...whole, [key]: value } : Object.fromEntries(Object.entries(whole).map(([name, old]) => [name, name === key ? value : old]));
}

/** The same with an entry called otherwise, in its place. */
export const renamed = (whole: JsonObject, from: string, to: string): JsonObject => Object.fromEntries(Object.entries(whole).map(([name, value]) => [name === from ? to : name, value]));

/** A name that nothing has yet: `x`, `x_2`, `x_3` … */
export function free(taken: readonly string[], wish: string): string {
  let name = wish;
  for (let n = 2; taken.includes(name); n += 1) name = `${wish}_${n}`;
  return name;
}

export function withContent(definition: JsonObject, at: number, next: JsonObject | null): JsonObject {
  const all = contents(definition);
  const changed = next === null ? all.filter((_, i) => i !== at) : at >= all.length ? [...all, next] : all.map((one, i) => (i === at ? next : one));
  return { ...definition, contents: changed };
}

/** What a place of a fault leads to: the content with that number; null where it is about the whole. */
export function contentOf(place: string): number | null {
  const found = /^contents\[(\d+)\]/.exec(place);
  return found === null ? null : Number(found[1]);
}
