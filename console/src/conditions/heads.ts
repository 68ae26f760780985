import { isObject, type Json } from "./model";

const HEADS = ["all", "any", "not", "did", "did_not", "sequence", "attribute", "tag", "segment", "list", "consent", "reachable"];

/** The same with what each part is about before what is asked of it, as people write it. */
export function headFirst(json: Json): Json {
  if (Array.isArray(json)) return json.map(headFirst);
  if (!isObject(json)) return json;
  const keys = Object.keys(json);
  const heads = HEADS.filter((head) => keys.includes(head));
  return Object.fromEntries([...heads, ...keys.filter((key) => !heads.includes(key))].map((key) => [key, headFirst(json[key] ?? null)]));
}
