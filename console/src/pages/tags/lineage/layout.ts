/** Where the boxes of a lineage stand. Pure: the same graph is laid out the same way. */
import dagre from "@dagrejs/dagre";
import { type Graph, KINDS, type LineageKind, type LineageNode } from "./graph";

export const BOX = { width: 184, height: 44 };
const GAP = { x: 88, y: 12 };

export interface Placed extends LineageNode {
  x: number;
  y: number;
}

/** The column that a kind stands in at the least. */
const COLUMN: Record<LineageKind, number> = { touchpoint: 0, event: 1, identifier: 1, attribute: 1, field: 2, tag: 3, segment: 4, list: 5, destination: 6, journey: 6, broadcast: 6 };

/** A column for each node: its kind's, or further on, so that every line goes to the right. Empty columns are left out. */
function columns({ nodes, lines }: Graph): Map<string, number> {
  const from = new Map<string, string[]>();
  for (const line of lines) from.set(line.to, [...(from.get(line.to) ?? []), line.from]);
  const kinds = new Map(nodes.map((one) => [one.id, one.kind]));
  const found = new Map<string, number>();
  const open = new Set<string>();
  const column = (id: string): number => {
    const known = found.get(id);
    const kind = kinds.get(id);
    // A circle, which no saved definition has, is cut where it is met.
    if (known !== undefined || kind === undefined || open.has(id)) return known ?? -1;
    open.add(id);
    const at = Math.max(COLUMN[kind], ...(from.get(id) ?? []).map((one) => column(one) + 1));
    open.delete(id);
    found.set(id, at);
    return at;
  };
  for (const node of nodes) column(node.id);
  const used = [...new Set(found.values())].sort((a, b) => a - b);
  return new Map([...found].map(([id, at]) => [id, used.indexOf(at)]));
}

/** The order in which dagre would draw the nodes from top to bottom, so that few lines cross. */
function heights({ nodes, lines }: Graph): Map<string, number> {
  const drawing = new dagre.graphlib.Graph();
  drawing.setGraph({ rankdir: "LR" });
  drawing.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) drawing.setNode(node.id, { ...BOX });
  for (const line of lines) if (drawing.hasNode(line.from) && drawing.hasNode(line.to)) drawing.setEdge(line.from, line.to);
  dagre.layout(drawing);
  return new Map(nodes.map((one) => [one.id, drawing.node(one.id).y]));
}

/** From left to right as the data flows, each column in the middle. */
export function laidOut(graph: Graph): Placed[] {
  const nodes = [...graph.nodes].sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || a.name.localeCompare(b.name));
  const sorted = { nodes, lines: graph.lines };
  const [column, height] = [columns(sorted), heights(sorted)];
  const stacks: LineageNode[][] = [];
  for (const node of nodes) (stacks[column.get(node.id) ?? 0] ??= []).push(node);
  const most = Math.max(0, ...stacks.map((one) => one.length));
  return stacks.flatMap((stack, x) =>
    stack
      .sort((a, b) => (height.get(a.id) ?? 0) - (height.get(b.id) ?? 0) || a.name.localeCompare(b.name))
      .map((node, y) => ({ ...node, x: x * (BOX.width + GAP.x), y: Math.round((y + (most - stack.length) / 2) * (BOX.height + GAP.y)) })),
  );
}
