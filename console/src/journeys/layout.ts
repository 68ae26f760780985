/** Where the steps of a journey stand: downwards, in the order of the way. Pure: the same journey is drawn the same way. */
import dagre from "@dagrejs/dagre";
import { type Definition, ENTRY, edgesOf, nodesOf, orphans, slotsOf, startOf } from "./model";

export const BOX = { width: 224, height: 64 };
const GAP = { across: 40, down: 76 };
/** Beyond so many, branches are folded. */
export const DRAWN = 150;

export interface Drawing {
  places: Map<string, { x: number; y: number }>;
  /** Where a way that passes other steps goes between them, by `node edge`; x and y of its turns. */
  bends: Map<string, { x: number; y: number }[]>;
  /** How many steps are folded away behind a step. */
  folded: Map<string, number>;
}

/** The names that are drawn when what follows some is folded away. */
export function shown(definition: Definition, folded: ReadonlySet<string>): Set<string> {
  const nodes = nodesOf(definition);
  const out = new Set<string>();
  const open = [startOf(definition), ...orphans(definition)];
  for (let name = open.shift(); name !== undefined; name = open.shift()) {
    const node = nodes.get(name);
    if (node === undefined || out.has(name)) continue;
    out.add(name);
    if (!folded.has(name)) open.push(...slotsOf(node).map((slot) => slot.target));
  }
  return out;
}

/** What is folded at first: nothing in a small journey; in a large one the steps with several ways, from the far end on, until few enough are drawn. */
export function foldedAtFirst(definition: Definition, most = DRAWN): Set<string> {
  const nodes = nodesOf(definition);
  const folded = new Set<string>();
  if (nodes.size <= most) return folded;
  const depth = new Map<string, number>();
  const open: [string, number][] = [[startOf(definition), 0]];
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    const [name, far] = at;
    const node = nodes.get(name);
    if (node === undefined || depth.has(name)) continue;
    depth.set(name, far);
    open.push(...slotsOf(node).map((slot): [string, number] => [slot.target, far + 1]));
  }
  const forks = [...depth].filter(([name]) => new Set(slotsOf(nodes.get(name) ?? {}).map((one) => one.target)).size > 1).sort((a, b) => b[1] - a[1]);
  for (const [name] of forks) {
    if (shown(definition, folded).size <= most) return folded;
    folded.add(name);
  }
  // A long way without forks is cut where it gets too long.
  const chain = [...depth].sort((a, b) => a[1] - b[1]);
  for (let i = most - 1; shown(definition, folded).size > most && i > 0; i -= 1) {
    const name = chain[i]?.[0];
    if (name !== undefined) folded.add(name);
  }
  return folded;
}

/** `height`: of the boxes, which are higher with figures in them. */
export function laidOut(definition: Definition, folded: ReadonlySet<string>, height = BOX.height): Drawing {
  const names = shown(definition, folded);
  const drawing = new dagre.graphlib.Graph({ multigraph: true });
  drawing.setGraph({ rankdir: "TB", nodesep: GAP.across, ranksep: GAP.down, ranker: names.size > 120 ? "longest-path" : "network-simplex" });
  drawing.setDefaultEdgeLabel(() => ({}));
  const box = { width: BOX.width, height };
  drawing.setNode(ENTRY, { ...box });
  for (const name of names) drawing.setNode(name, { ...box });
  for (const { node, edge, target } of edgesOf(definition)) {
    if ((node === ENTRY || (names.has(node) && !folded.has(node))) && names.has(target)) drawing.setEdge(node, target, {}, edge);
  }
  dagre.layout(drawing);
  const places = new Map([ENTRY, ...names].map((name) => {
    const { x, y } = drawing.node(name);
    return [name, { x: Math.round(x - BOX.width / 2), y: Math.round(y - height / 2) }];
  }));
  const hidden = new Map<string, number>();
  for (const name of folded) {
    if (!names.has(name)) continue;
    const others = new Set(folded);
    others.delete(name);
    hidden.set(name, shown(definition, others).size - names.size);
  }
  const bends: Drawing["bends"] = new Map();
  for (const { v, w, name } of drawing.edges()) {
    const points: { x: number; y: number }[] = drawing.edge(v, w, name).points ?? [];
    // The first and the last point are the boxes' edges, the one in the middle of a short way is nowhere in particular.
    if (points.length > 3) bends.set(`${v} ${name}`, points.slice(1, -1).map(({ x, y }) => ({ x: Math.round(x), y: Math.round(y) })));
  }
  return { places, bends, folded: hidden };
}
