/** A definition as the text of its file. */
import { parseDocument, stringify } from "yaml";
import { isObject, type Json } from "@/conditions/model";
import { type Definition, ordered } from "./definition";

export type Read = { definition: Definition } | { error: string; line: number | null };

export const write = (definition: Definition): string => (Object.keys(definition).length === 0 ? "" : stringify(ordered(definition), { lineWidth: 0 }));

/** The definition in a text, or what keeps it from being one; `object` when the text is no mapping. */
export function read(text: string): Read {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) return { error: error.message.split("\n")[0] ?? "", line: error.linePos?.[0].line ?? null };
  const value = (document.toJS() as Json) ?? {};
  return isObject(value) ? { definition: value } : { error: "object", line: null };
}
