/** Texts of definitions' files. */
import { parseDocument } from "yaml";
import { isObject, type Json, type JsonObject } from "@/conditions/model";

/** What a text says, or what keeps it from saying anything; `object` when it is no mapping. */
export type YamlRead = { definition: JsonObject } | { error: string; line: number | null };

export function readYaml(text: string): YamlRead {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) return { error: error.message.split("\n")[0] ?? "", line: error.linePos?.[0].line ?? null };
  const value = (document.toJS() as Json) ?? {};
  return isObject(value) ? { definition: value } : { error: "object", line: null };
}
