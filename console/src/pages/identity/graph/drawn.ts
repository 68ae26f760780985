import type { Graph, GraphNode, Link } from "@/api/identity";

/** Beyond so many nodes people see a tangle, and the browser stutters: the rest is in the list. */
export const MOST = 300;

/** The nodes that are drawn: the members first, then what they are linked with; and the links among them. */
export function drawn(graph: Graph, most = MOST): { nodes: GraphNode[]; links: Link[]; hidden: number } {
  const order = { member: 0, void: 1, blocked: 1, neighbour: 2 } as const;
  const nodes = [...graph.nodes].sort((a, b) => order[a.role] - order[b.role] || a.identifier_id - b.identifier_id).slice(0, most);
  const shown = new Set(nodes.map((one) => one.identifier_id));
  return { nodes, links: graph.links.filter((one) => shown.has(one.a) && shown.has(one.b)), hidden: graph.nodes.length - nodes.length };
}
