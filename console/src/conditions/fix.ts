/** What the server proposes for a fault, put into the condition. */
import type { Problem } from "@/api/queries";
import { isObject, type Json, type JsonObject } from "./model";

type Step = string | number;

/** The steps to a place such as `all[2].where.items.category`; a key may have points in it. Null: there is no such place. */
function stepsTo(json: Json, place: string): Step[] | null {
  if (place === "") return [];
  if (Array.isArray(json)) {
    const [whole, index] = /^\[(\d+)\]\.?/.exec(place) ?? [];
    const at = Number(index);
    if (whole === undefined || json[at] === undefined) return null;
    const rest = stepsTo(json[at], place.slice(whole.length));
    return rest === null ? null : [at, ...rest];
  }
  if (!isObject(json)) return null;
  // The longest key first: `items.category` before `items`.
  for (const key of Object.keys(json).sort((a, b) => b.length - a.length)) {
    const after = place.slice(key.length);
    if (!place.startsWith(key) || !/^(|\.|\[)/.test(after) || (after !== "" && !/^[.[]/.test(after))) continue;
    const rest = stepsTo(json[key] ?? null, after.replace(/^\./, ""));
    if (rest !== null) return [key, ...rest];
  }
  return null;
}

function put(json: Json, [step, ...rest]: Step[], by: (found: Json) => Json): Json {
  if (step === undefined) return by(json);
  if (Array.isArray(json)) return json.map((one, i) => (i === step ? put(one, rest, by) : one));
  if (!isObject(json)) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, key === step ? put(value, rest, by) : value]));
}

/** A key under another name, at the same place among the others. */
function renamed(json: JsonObject, from: Step, to: string): JsonObject {
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key === from ? to : key, value]));
}

// Whose value is a word of the workspace; of any other key, the key itself is what is misspelt.
const WORDS = new Set<Step>(["did", "did_not", "attribute", "tag", "segment", "list", "reachable", "channel", "touchpoint", "purpose", "of", "is", "is_not", "in", "not_in", "any_of", "all_of", "none_of", "region", "consent"]);

/** The condition with the proposed word in place of the wrong one; null where it can't be told which word is meant. */
export function applied(condition: Json, { place, message, suggestion }: Problem): Json | null {
  if (suggestion === null) return null;
  const steps = stepsTo(condition, place);
  if (steps === null) return null;
  const last = steps.at(-1);
  const above = steps.at(-2);
  if (last === undefined) return null;
  const isKey = typeof last === "string" && (above === "where" || !WORDS.has(last));
  if (isKey) return put(condition, steps.slice(0, -1), (found) => (isObject(found) ? renamed(found, last, suggestion) : found));
  let changed = false;
  const out = put(condition, steps, (found) => {
    if (typeof found === "string") {
      changed = true;
      return suggestion;
    }
    if (!Array.isArray(found)) return found;
    // The message ends with the word that is not known.
    const at = found.findIndex((one) => message.endsWith(` ${String(one)}`));
    changed = at >= 0;
    return found.map((one, i) => (i === at ? suggestion : one));
  });
  return changed ? out : null;
}
