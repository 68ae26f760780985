/** The catalogue as a tree: groups of groups of tags. Pure. */
import type { TagRow } from "@/api/tags";
import { type DriftWord, driftOf } from "../drift";
import type { Grouping } from "./state";

export interface Filter {
  q?: string;
  mode?: TagRow["mode"];
  drift?: DriftWord;
  unused?: boolean;
}

export interface Branch {
  key: string;
  branch: true;
  label: string;
  /** Tags in it and in what it holds. */
  tags: number;
  children: Node[];
}

export interface Leaf {
  key: string;
  branch: false;
  tag: TagRow;
}

export type Node = Branch | Leaf;

/** The tags that are looked for. */
export function chosen(tags: TagRow[], { q = "", mode, drift, unused }: Filter): TagRow[] {
  const words = q.trim().toLowerCase().split(/\s+/);
  return tags.filter((one) => {
    const text = `${one.name} ${one.title.zh} ${one.title.en} ${one.owner ?? ""} ${one.group ?? ""} ${one.kind}`.toLowerCase();
    return words.every((word) => text.includes(word)) && (mode === undefined || one.mode === mode) && (drift === undefined || driftOf(one.psi) === drift) && (unused !== true || one.used_by.length === 0);
  });
}

const SAYS = ["attribute", "behaviour", "value"];

interface Words {
  says: (says: string | null) => string;
  kind: (kind: string) => string;
  title: (tag: TagRow) => string;
  /** A step of a path as the viewer calls it; left out: as it is written. */
  step?: (step: string) => string;
  none: string;
  compare: (a: string, b: string) => number;
}

/** Tags under what they say and their path; or under their kind, or their owner. Groups before tags, each by its name. */
export function grown(tags: TagRow[], by: Grouping, words: Words): Branch[] {
  const roots = new Map<string, Branch>();
  for (const tag of tags) {
    const head = by === "says" ? (tag.says ?? "") : by === "kind" ? tag.kind : (tag.owner ?? "");
    const label = head === "" ? words.none : by === "says" ? words.says(head) : by === "kind" ? words.kind(head) : head;
    let branch = branchIn(roots, `${by}:${head}`, label);
    branch.tags += 1;
    if (by === "says") {
      for (const step of (tag.group ?? "").split("/").map((one) => one.trim()).filter((one) => one !== "")) {
        const called = words.step?.(step) ?? step;
        // A path that says again what the tag says makes no level of its own.
        if (called === branch.label) continue;
        const key = `${branch.key}/${step}`;
        let inner = branch.children.find((one): one is Branch => one.branch && one.key === key);
        if (inner === undefined) {
          inner = { key, branch: true, label: called, tags: 0, children: [] };
          branch.children.push(inner);
        }
        inner.tags += 1;
        branch = inner;
      }
    }
    branch.children.push({ key: tag.name, branch: false, tag });
  }
  const labelOf = (node: Node): string => (node.branch ? node.label : words.title(node.tag));
  const sorted = (nodes: Node[]): Node[] =>
    nodes
      .map((node) => (node.branch ? { ...node, children: sorted(node.children) } : node))
      .sort((a, b) => Number(b.branch) - Number(a.branch) || words.compare(labelOf(a), labelOf(b)));
  const order = (branch: Branch): number => (by === "says" ? (SAYS.indexOf(branch.key.slice("says:".length)) + SAYS.length + 1) % (SAYS.length + 1) : branch.key === `${by}:` ? 1 : 0);
  return [...roots.values()]
    .map((branch) => ({ ...branch, children: sorted(branch.children) }))
    .sort((a, b) => order(a) - order(b) || words.compare(a.label, b.label));
}

function branchIn(roots: Map<string, Branch>, key: string, label: string): Branch {
  let branch = roots.get(key);
  if (branch === undefined) {
    branch = { key, branch: true, label, tags: 0, children: [] };
    roots.set(key, branch);
  }
  return branch;
}

/** The keys of all branches. */
export function branchKeys(nodes: Node[]): string[] {
  return nodes.flatMap((node) => (node.branch ? [node.key, ...branchKeys(node.children)] : []));
}
