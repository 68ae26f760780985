/** Changes of the tree (each gives a new tree) and where its parts stand in the JSON. */
import { type BehaviourLeaf, type Group, type Leaf, newId, type Node, type Test, type ValueLeaf } from "./model";

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
  if (node.kind === "behaviour") return { ...node, id: newId(), where: node.where.map((filter) => ({ ...filter, id: newId() })) };
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

export type LeafKind = "behaviour" | "attribute" | "tag" | "segment";

export function newLeaf(kind: LeafKind): Leaf {
  const base = { id: newId(), not: 0 };
  if (kind === "segment") return { ...base, kind, name: "" };
  if (kind === "behaviour") {
    const leaf: BehaviourLeaf = { ...base, kind, did: true, event: "", which: null, where: [], channel: [], touchpoint: [], figure: null, within: { last: "30 days" } };
    return leaf;
  }
  const leaf: ValueLeaf = { ...base, kind, name: "", tests: [], currency: null };
  return leaf;
}

export function newGroup(mode: "all" | "any", children: Node[] = []): Group {
  return { id: newId(), kind: "group", not: 0, mode, children };
}

/** Each node's place in the condition that `toJsonRoot` gives, as the server names places: `all[1].not.did`. */
export function places(root: Group): Map<string, string> {
  const out = new Map<string, string>();
  const join = (place: string, step: string): string => (place === "" ? step : `${place}.${step}`);
  const walk = (node: Node, place: string): void => {
    out.set(node.id, place);
    if (node.kind !== "group") return;
    let inner = place;
    for (let i = 0; i < node.not; i++) inner = join(inner, "not");
    node.children.forEach((child, i) => walk(child, join(inner, `${node.mode}[${i}]`)));
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

function hasValue(test: Test): boolean {
  const { value } = test;
  if (value === null || value === "") return false;
  if (Array.isArray(value)) return value.length > 0 && value.every((one) => one !== null && one !== "");
  if (typeof value === "object") return Object.values(value).every((one) => one !== null && one !== "");
  return true;
}

export type Missing = "name" | "value" | "event" | "field" | "empty";

/** What is not filled in yet, by node id. */
export function missing(node: Node, out = new Map<string, Missing>()): Map<string, Missing> {
  const valued = (tests: Test[]): boolean => tests.length > 0 && tests.every(hasValue);
  if (node.kind === "group") {
    if (node.children.length === 0) out.set(node.id, "empty");
    for (const child of node.children) missing(child, out);
  } else if (node.kind === "segment") {
    if (node.name === "") out.set(node.id, "name");
  } else if (node.kind === "attribute" || node.kind === "tag") {
    if (node.name === "") out.set(node.id, "name");
    else if (!valued(node.tests)) out.set(node.id, "value");
  } else if (node.kind === "behaviour") {
    if (node.event === "") out.set(node.id, "event");
    else if (node.where.some((filter) => filter.field === "") || node.figure?.of === "") out.set(node.id, "field");
    else if (node.where.some((filter) => !valued(filter.tests)) || (node.figure !== null && !valued(node.figure.tests))) out.set(node.id, "value");
    else if (node.within !== null && !Object.values(node.within).every((value) => hasValue({ op: "", value }))) out.set(node.id, "value");
  }
  return out;
}
