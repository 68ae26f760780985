/** A journey as a list of steps: each with the ways that lead on from it. Pure. */
import { type Definition, type Edge, ENTRY, nodesOf, orphans, slotsOf, startOf } from "@/journeys/model";

export interface OutlineRow {
  /** Where it stands: the ways that lead to it. */
  id: string;
  /** The step; of a way that leads to a step shown elsewhere, that one. */
  name: string;
  /** The way that leads here; null for what nobody comes to. */
  edge: Edge | null;
  depth: number;
  /** Shown elsewhere already: this is only the way there. */
  link: boolean;
  /** It stands on one of several ways, which is worth saying. */
  choice: boolean;
  /** Several ways lead on, each a level deeper. */
  forks: boolean;
}

/**
 * The steps as a tree is written down: what follows a step without a choice stands below it at the same depth, ways of
 * a choice a level deeper. A step that several ways lead to stands where the first of them leads.
 */
export function outline(definition: Definition, closed: ReadonlySet<string>): OutlineRow[] {
  const nodes = nodesOf(definition);
  const rows: OutlineRow[] = [];
  const seen = new Set<string>();
  const walk = (name: string, edge: Edge | null, depth: number, above: string, choice = false): void => {
    const node = nodes.get(name);
    if (node === undefined) return;
    const id = `${above}/${edge === null ? name : edge.edge}`;
    if (seen.has(name)) {
      rows.push({ id, name, edge, depth, link: true, choice, forks: false });
      return;
    }
    seen.add(name);
    const all = slotsOf(node);
    const forks = new Set(all.map((one) => one.target)).size > 1;
    // Ways to the same place are one way here.
    const one = all.find((slot) => slot.edge === "next") ?? all[0];
    const slots = forks || one === undefined ? all : [one];
    rows.push({ id, name, edge, depth, link: false, choice, forks });
    if (closed.has(name)) {
      hide(name);
      return;
    }
    for (const slot of slots) walk(slot.target, { node: name, edge: slot.edge }, forks ? depth + 1 : depth, id, forks);
  };
  /** What only a closed step leads to is not shown as if nobody came to it. */
  const hide = (name: string): void => {
    for (const slot of slotsOf(nodes.get(name) ?? {})) {
      if (seen.has(slot.target) || !nodes.has(slot.target)) continue;
      seen.add(slot.target);
      hide(slot.target);
    }
  };
  walk(startOf(definition), { node: ENTRY, edge: "start" }, 0, "");
  for (const name of orphans(definition)) if (!seen.has(name)) walk(name, null, 0, "lost");
  return rows;
}
