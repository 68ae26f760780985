/** Changes of the tree (each gives a new tree) and where its parts stand in the JSON. */
import { type BehaviourLeaf, type Filter, type Group, isObject, type Json, type Leaf, newId, type Node, type SequenceLeaf, type ValueLeaf } from "./model";
import { newStep } from "./steps";

export function replace(node: Node, id: string, by: (node: Node) => Node | null): Node | null {
  if (node.id === id) return by(node);
  if (node.kind !== "group") return node;
  const children = node.children.flatMap((child) => replace(child, id, by) ?? []);
  return { ...node, children };
}

export function update(root: Group, id: string, by: (node: Node) => Node): Group {
  const changed = replace(root, id, by);
  return changed?.kind === "group" ? changed : root;
}

export function remove(root: Group, id: string): Group {
  const changed = replace(root, id, () => null);
  return changed?.kind === "group" ? changed : { ...root, children: [] };
}

export function add(root: Group, group: string, node: Node): Group {
  return update(root, group, (found) => (found.kind === "group" ? { ...found, children: [...found.children, node] } : found));
}

function withNewIds(node: Node): Node {
  if (node.kind === "group") return { ...node, id: newId(), children: node.children.map(withNewIds) };
  const filters = (where: Filter[]): Filter[] => where.map((filter) => ({ ...filter, id: newId() }));
  if (node.kind === "behaviour") return { ...node, id: newId(), where: filters(node.where) };
  if (node.kind === "sequence") return { ...node, id: newId(), steps: node.steps.map((step) => ({ ...step, id: newId(), where: filters(step.where) })) };
  return { ...node, id: newId() };
}

/** A copy of a part right after it. */
export function duplicate(root: Group, id: string): Group {
  const walk = (group: Group): Group => ({
    ...group,
    children: group.children.flatMap((child) => {
      const kept = child.kind === "group" ? walk(child) : child;
      return child.id === id ? [kept, withNewIds(kept)] : [kept];
    }),
  });
  return walk(root);
}

export const LEAF_KINDS = ["behaviour", "sequence", "attribute", "tag", "segment", "list", "consent", "reachable"] as const;
export type LeafKind = (typeof LEAF_KINDS)[number];

export function newLeaf(kind: LeafKind): Leaf {
  const base = { id: newId(), not: 0 };
  if (kind === "segment" || kind === "list") return { ...base, kind, name: "" };
  if (kind === "consent") return { ...base, kind, purpose: "", channel: null };
  if (kind === "reachable") return { ...base, kind, channel: "", touchpoint: null };
  if (kind === "sequence") {
    const leaf: SequenceLeaf = { ...base, kind, steps: [newStep(true), newStep(false)], within: { last: "30 days" }, span: null };
    return leaf;
  }
  if (kind === "behaviour") {
    const leaf: BehaviourLeaf = { ...base, kind, did: true, event: "", which: null, where: [], channel: [], touchpoint: [], figure: null, within: { last: "30 days" }, since: null };
    return leaf;
  }
  const leaf: ValueLeaf = { ...base, kind, name: "", tests: [], currency: null };
  return leaf;
}

export function newGroup(mode: "all" | "any", children: Node[] = []): Group {
  return { id: newId(), kind: "group", not: 0, mode, children };
}

/** Each node's and step's place in the condition that `toJsonRoot` gives, as the server names places: `all[1].not.did`. */
export function places(root: Group): Map<string, string> {
  const out = new Map<string, string>();
  const join = (place: string, step: string): string => (place === "" ? step : `${place}.${step}`);
  const walk = (node: Node, place: string): void => {
    out.set(node.id, place);
    if (node.kind !== "group" && node.kind !== "sequence") return;
    let inner = place;
    for (let i = 0; i < node.not; i++) inner = join(inner, "not");
    if (node.kind === "sequence") node.steps.forEach((step, i) => out.set(step.id, join(inner, `sequence[${i}]`)));
    else node.children.forEach((child, i) => walk(child, join(inner, `${node.mode}[${i}]`)));
  };
  const [only] = root.children;
  if (root.children.length === 1 && only !== undefined && root.not === 0) {
    walk(only, "");
    out.set(root.id, "");
  } else walk(root, "");
  return out;
}

/** The node that a place lies in: the one with the longest place that the given one begins with. */
export function nodeAt(at: Map<string, string>, place: string): string | null {
  let best: string | null = null;
  let length = -1;
  for (const [id, own] of at) {
    const inside = own === "" || place === own || place.startsWith(`${own}.`) || place.startsWith(`${own}[`);
    // Of a group of one and its only part, which share a place, the part is meant: it comes first.
    if (inside && own.length > length) {
      best = id;
      length = own.length;
    }
  }
  return best;
}

/** Whether two conditions say the same; the order of keys says nothing. */
export function same(a: Json, b: Json): boolean {
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((one, i) => same(one, b[i] ?? null));
  if (isObject(a) && isObject(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key] ?? null, b[key] ?? null));
  }
  return a === b;
}
