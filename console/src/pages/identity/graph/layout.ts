/** Where the nodes of an identity graph stand. Pure: the same graph is drawn the same way. */
import { graphlib, layout } from "@dagrejs/dagre";
import type { GraphNode, Link } from "@/api/identity";

export const NODE = { width: 168, height: 54 };

export interface Placed {
  node: GraphNode;
  x: number;
  y: number;
}

/** So many boxes that hang on one other box alone are set out in a block: as a column they would be as long as a street. */
const BLOCK = 12;
const GAP = 14;
/** Width to height of a block. */
const SHAPE = 1.8;

interface Block {
  leaves: number[];
  columns: number;
  width: number;
  height: number;
}

function block(leaves: number[]): Block {
  const columns = Math.ceil(Math.sqrt((leaves.length * SHAPE * (NODE.height + GAP)) / (NODE.width + GAP)));
  const rows = Math.ceil(leaves.length / columns);
  return { leaves, columns, width: columns * (NODE.width + GAP) - GAP, height: rows * (NODE.height + GAP) - GAP };
}

/** The boxes that hang on one other box alone, by that box; only where they are many. */
function blocks(nodes: GraphNode[], links: Link[]): Map<number, Block> {
  const near = new Map<number, Set<number>>(nodes.map((one) => [one.identifier_id, new Set()]));
  for (const { a, b } of links) {
    near.get(a)?.add(b);
    near.get(b)?.add(a);
  }
  const leaves = new Map<number, number[]>();
  for (const [id, ends] of near) {
    const [hub] = ends;
    if (ends.size === 1 && hub !== undefined && (near.get(hub)?.size ?? 0) > 1) leaves.set(hub, [...(leaves.get(hub) ?? []), id]);
  }
  return new Map([...leaves].filter(([, ids]) => ids.length > BLOCK).map(([hub, ids]) => [hub, block(ids)]));
}

/** Left to right: each link from its better known end; several components stand one below the other. */
export function place(nodes: GraphNode[], links: Link[], between = 84): Placed[] {
  const degree = new Map<number, number>();
  for (const link of links) for (const end of [link.a, link.b]) degree.set(end, (degree.get(end) ?? 0) + 1);
  const packed = blocks(nodes, links);
  const inBlock = new Set([...packed.values()].flatMap((one) => one.leaves));
  const graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: GAP, ranksep: between, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) if (!inBlock.has(node.identifier_id)) graph.setNode(String(node.identifier_id), { ...NODE });
  for (const [hub, { width, height }] of packed) {
    graph.setNode(`block ${hub}`, { width, height });
    graph.setEdge(String(hub), `block ${hub}`, {}, "block");
  }
  for (const link of links) {
    if (inBlock.has(link.a) || inBlock.has(link.b)) continue;
    const forward = (degree.get(link.a) ?? 0) >= (degree.get(link.b) ?? 0);
    graph.setEdge(String(forward ? link.a : link.b), String(forward ? link.b : link.a), {}, String(link.link_id));
  }
  layout(graph);
  const corner = (name: string, width: number, height: number): { x: number; y: number } => {
    const at = graph.node(name) as { x: number; y: number };
    return { x: at.x - width / 2, y: at.y - height / 2 };
  };
  const at = new Map<number, { x: number; y: number }>();
  for (const [hub, { leaves, columns, width, height }] of packed) {
    const from = corner(`block ${hub}`, width, height);
    leaves.forEach((id, i) => at.set(id, { x: from.x + (i % columns) * (NODE.width + GAP), y: from.y + Math.floor(i / columns) * (NODE.height + GAP) }));
  }
  return nodes.map((node) => ({ node, ...(at.get(node.identifier_id) ?? corner(String(node.identifier_id), NODE.width, NODE.height)) }));
}
