import type { JourneyComment } from "@/api/comments";

/** How many comments are open, by step; "" for the journey itself. */
export function openBy(all: JourneyComment[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const one of all) if (one.resolved_at === null) found.set(one.node ?? "", (found.get(one.node ?? "") ?? 0) + 1);
  return found;
}

/** Comments by what they are about: the journey first, then its steps in the order given, then steps that are no more. */
export function threads(all: JourneyComment[], order: readonly string[], resolved: boolean): { node: string; gone: boolean; items: JourneyComment[] }[] {
  const found = new Map<string, JourneyComment[]>();
  for (const one of all) {
    if (!resolved && one.resolved_at !== null) continue;
    found.set(one.node ?? "", [...(found.get(one.node ?? "") ?? []), one]);
  }
  const rank = (node: string): number => (node === "" ? -1 : order.includes(node) ? order.indexOf(node) : order.length);
  return [...found].sort(([a], [b]) => rank(a) - rank(b)).map(([node, items]) => ({ node, gone: rank(node) === order.length, items }));
}
