/** Where the nodes of an identity graph stand. Pure: the same graph is drawn the same way. */
import { graphlib, layout } from "@dagrejs/dagre";
import type { GraphNode, Link } from "@/api/identity";

export const NODE = { width: 168, height: 54 };

export interface Placed {
  node: GraphNode;
  x: number;
  y: number;
}

/** Left to right: each link from its better known end; several components stand one below the other. */
export function place(nodes: GraphNode[], links: Link[]): Placed[] {
  const degree = new Map<number, number>();
  for (const link of links) for (const end of [link.a, link.b]) degree.set(end, (degree.get(end) ?? 0) + 1);
  const graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 84, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(String(node.identifier_id), { ...NODE });
  for (const link of links) {
    const forward = (degree.get(link.a) ?? 0) >= (degree.get(link.b) ?? 0);
    graph.setEdge(String(forward ? link.a : link.b), String(forward ? link.b : link.a), {}, String(link.link_id));
  }
  layout(graph);
  return nodes.map((node) => {
    const at = graph.node(String(node.identifier_id)) as { x: number; y: number };
    return { node, x: at.x - NODE.width / 2, y: at.y - NODE.height / 2 };
  });
}
