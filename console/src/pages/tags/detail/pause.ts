import type { TagDetail } from "@/api/tags";

const OFTEN_MS = 5_000;
const SELDOM_MS = 30_000;
/** Looks before the page rests, and how long a change is new. */
const LOOKS = 12;
const NEW_MS = 120_000;

/** How long until the tag is asked for again: soon while values are awaited, seldom afterwards. */
export function pause(tag: Pick<TagDetail, "as_of" | "changed_at"> | undefined, looks: number): number {
  const awaited = tag === undefined || tag.as_of === null || Math.abs(Date.now() - Date.parse(tag.changed_at ?? "")) < NEW_MS;
  return awaited || looks < LOOKS ? OFTEN_MS : SELDOM_MS;
}
