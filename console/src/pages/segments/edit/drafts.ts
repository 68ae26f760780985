/** What is being written of a segment, kept on this device until it is published. */
import { isObject, type Json } from "@/conditions/model";
import { same } from "@/conditions/tree";

export interface Written {
  name: string;
  title: { zh: string; en: string };
  description: string;
  condition: Json;
}

export interface Draft extends Written {
  /** The version it was begun on; null for a segment that is not there yet. */
  version: number | null;
  at: string;
}

/** Drafts are one person's: somebody else on the same device has their own. */
export function draftKey(user: string, segment: string | null, begun: Json): string {
  if (segment !== null) return `onepool.draft.${user}.segment.${segment}`;
  // A new segment begun from somewhere else (a cell of a portrait) is another draft than one begun empty.
  return `onepool.draft.${user}.new-segment.${begun === null ? "" : JSON.stringify(begun)}`;
}

const isText = (value: unknown): value is string => typeof value === "string";

/** What was kept, or null when nothing was or when it can't be read. */
export function readDraft(text: string | null): Draft | null {
  if (text === null) return null;
  try {
    const found = JSON.parse(text) as Json;
    if (!isObject(found) || !isObject(found.title) || found.condition === undefined) return null;
    const { name, title, description, condition, version, at } = found;
    if (!isText(name) || !isText(title.zh) || !isText(title.en) || !isText(description) || !isText(at)) return null;
    if (version !== null && typeof version !== "number") return null;
    return { name, title: { zh: title.zh, en: title.en }, description, condition, version, at };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Whether two say the same, the name apart: that of a new segment is only a proposal until it is published. */
export function unchanged(a: Written, b: Written): boolean {
  return a.title.zh === b.title.zh && a.title.en === b.title.en && a.description === b.description && same(a.condition, b.condition);
}
