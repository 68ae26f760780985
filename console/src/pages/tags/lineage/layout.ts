/** Where the boxes of a lineage stand. Pure: the same graph is laid out the same way. */
import dagre from "@dagrejs/dagre";
import { type Graph, KINDS, type LineageNode } from "./graph";

export const BOX = { width: 184, height: 44 };

export interface Placed extends LineageNode {
  x: number;
  y: number;
}

/** From left to right as the data flows. */
export function laidOut({ nodes, lines }: Graph): Placed[] {
  const drawing = new dagre.graphlib.Graph();
  drawing.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 90, marginx: 8, marginy: 8 });
  drawing.setDefaultEdgeLabel(() => ({}));
  const order = [...nodes].sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || a.name.localeCompare(b.name));
  for (const node of order) drawing.setNode(node.id, { ...BOX });
  for (const line of lines) if (drawing.hasNode(line.from) && drawing.hasNode(line.to)) drawing.setEdge(line.from, line.to);
  dagre.layout(drawing);
  return order.map((node) => {
    const { x, y } = drawing.node(node.id);
    return { ...node, x: Math.round(x - BOX.width / 2), y: Math.round(y - BOX.height / 2) };
  });
}
