/** Lineage as it is drawn and listed. */
import type { Lineage } from "@/api/tags";

export type LineageNode = Lineage["nodes"][number];
export type LineageKind = LineageNode["kind"];
export interface Line {
  from: string;
  to: string;
}
export interface Graph {
  nodes: LineageNode[];
  lines: Line[];
}

/** From where things come to where they go: the order of columns and of the list. */
export const KINDS = ["touchpoint", "event", "field", "identifier", "attribute", "tag", "segment", "list", "destination", "journey", "broadcast"] as const satisfies readonly LineageKind[];

export const graphOf = ({ nodes, edges }: Lineage): Graph => ({ nodes, lines: edges.map((one) => ({ from: one.from, to: one.to })) });

/** Fields taken into their events: what a field goes into, its event does. */
export function withoutFields({ nodes, lines }: Graph): Graph {
  const fields = new Set(nodes.filter((one) => one.kind === "field").map((one) => one.id));
  const events = new Map<string, string[]>();
  for (const line of lines) if (fields.has(line.to) && !fields.has(line.from)) events.set(line.to, [...(events.get(line.to) ?? []), line.from]);
  const seen = new Set<string>();
  const kept: Line[] = [];
  for (const line of lines) {
    if (fields.has(line.to)) continue;
    for (const from of fields.has(line.from) ? (events.get(line.from) ?? []) : [line.from]) {
      const key = `${from} ${line.to}`;
      if (!seen.has(key)) kept.push({ from, to: line.to });
      seen.add(key);
    }
  }
  return { nodes: nodes.filter((one) => !fields.has(one.id)), lines: kept };
}

/** Everything that is reached from a node along the lines, or against them; without itself. */
export function reached({ lines }: Graph, start: string, way: "up" | "down"): Set<string> {
  const next = new Map<string, string[]>();
  for (const { from, to } of lines) {
    const [here, there] = way === "down" ? [from, to] : [to, from];
    next.set(here, [...(next.get(here) ?? []), there]);
  }
  const found = new Set<string>();
  const open = [start];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const one of next.get(node) ?? []) {
      if (one !== start && !found.has(one)) {
        found.add(one);
        open.push(one);
      }
    }
  }
  return found;
}

/** A node with all that it is made of and all that is made of it. */
export function around(graph: Graph, id: string): Graph {
  const kept = new Set([id, ...reached(graph, id, "up"), ...reached(graph, id, "down")]);
  return { nodes: graph.nodes.filter((one) => kept.has(one.id)), lines: graph.lines.filter((one) => kept.has(one.from) && kept.has(one.to)) };
}

const DEFINED = new Set<LineageKind>(["tag", "segment", "destination"]);

/** Of the nodes those with a line, and tags, segments and destinations even without one. */
export function connected({ nodes, lines }: Graph): Graph {
  const touched = new Set(lines.flatMap((one) => [one.from, one.to]));
  return { nodes: nodes.filter((one) => touched.has(one.id) || DEFINED.has(one.kind)), lines };
}
