/** What the map draws: boxes and lines. Pure: the same map is drawn the same way, on the canvas and in the picture that is saved. */
import type { DataMap } from "@/api/insight";
import { type Group, groupOf, GROUPS } from "@/pages/touchpoints/words";
import { around, columns, type Layout, sides } from "./layout";
import type { View } from "./state";

export interface Box {
  id: string;
  kind: "touchpoint" | "identifier" | "signal";
  /** Of a touchpoint its group, of others nothing. */
  group: Group | null;
  name: string;
  count: number;
  at: string | null;
  island: boolean;
  gaps: number;
}

export interface Placed extends Box {
  x: number;
  y: number;
}

export interface Line {
  id: string;
  source: string;
  target: string;
  count: number;
  /** Of the source's customers (or events' fields): 0 to 1. */
  share: number;
  at: string | null;
}

export interface Drawing extends Layout {
  lines: Line[];
}

/** So many lines of the heaviest are drawn: more would only hide each other. All of them are in the matrices. */
const MOST_LINES = 60;
const MOST_SIGNALS = 24;

const touchpointId = (name: string): string => `touchpoint:${name}`;

/** Touchpoints in the order of their groups, the largest of a group first. */
function touchpoints(map: DataMap): Box[] {
  return map.places
    .map((one) => ({
      id: touchpointId(one.touchpoint),
      kind: "touchpoint" as const,
      group: groupOf(one.channel ?? ""),
      name: one.touchpoint,
      count: one.customers,
      at: one.last_at,
      island: one.island,
      gaps: map.gaps.filter((gap) => gap.touchpoint === one.touchpoint && gap.severity !== "info").length,
    }))
    .sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group) || b.count - a.count || a.name.localeCompare(b.name));
}

/** The boxes and lines of a view; with a touchpoint to look at, that one and its neighbours. */
export function draw(map: DataMap, view: View, focus?: string): Drawing {
  const places = touchpoints(map);
  const centre = places.find((one) => one.name === focus);
  const { ends, lines } = view === "links" ? { ends: places, lines: links(map) } : yields(map, view);
  if (centre === undefined) {
    if (view === "links") return { ...columns(places), lines: lines.slice(0, MOST_LINES) };
    const shown = new Set(ends.slice(0, MOST_SIGNALS).map((one) => one.id));
    return { ...sides(places, ends.slice(0, MOST_SIGNALS)), lines: lines.filter((one) => shown.has(one.target)) };
  }
  const its = lines.filter((one) => one.source === centre.id || one.target === centre.id);
  const named = new Map(ends.map((one) => [one.id, one]));
  const neighbours = its.flatMap((one) => named.get(one.source === centre.id ? one.target : one.source) ?? []);
  return { ...around(centre, neighbours), lines: view === "links" ? its.map((one) => seenFrom(centre, one, map)) : its };
}

/** A line that begins at the touchpoint that is looked at, with the share of its own customers. */
function seenFrom(centre: Box, line: Line, map: DataMap): Line {
  const pair = map.linkage.find((one) => `${one.a}~${one.b}` === line.id);
  const other = line.source === centre.id ? line.target : line.source;
  return { ...line, source: centre.id, target: other, share: (pair?.a === centre.name ? pair.share_a : pair?.share_b) ?? line.share };
}

/** Customers that two touchpoints share, the most first. */
function links(map: DataMap): Line[] {
  return [...map.linkage]
    .sort((a, b) => b.customers - a.customers)
    .map((one) => ({ id: `${one.a}~${one.b}`, source: touchpointId(one.a), target: touchpointId(one.b), count: one.customers, share: Math.max(one.share_a, one.share_b), at: null }));
}

/** What touchpoints yield, that of most touchpoints first; their lines with the largest first. */
function yields(map: DataMap, view: View): { ends: Box[]; lines: Line[] } {
  const cells =
    view === "identifiers"
      ? map.identifier_cells.filter((one) => one.identifiers > 0).map((one) => ({ touchpoint: one.touchpoint, name: one.type, count: one.customers, share: one.fill, at: one.last_at }))
      : map.signal_cells.filter((one) => one.kind === "event" && one.count > 0).map((one) => ({ touchpoint: one.touchpoint, name: one.name, count: one.count, share: 1, at: one.last_at }));
  const totals = new Map<string, { count: number; at: string | null; places: number }>();
  for (const cell of cells) {
    const before = totals.get(cell.name) ?? { count: 0, at: null, places: 0 };
    const at = before.at !== null && (cell.at === null || before.at > cell.at) ? before.at : cell.at;
    totals.set(cell.name, { count: before.count + cell.count, at, places: before.places + 1 });
  }
  const kind = view === "identifiers" ? ("identifier" as const) : ("signal" as const);
  const ends = [...totals]
    .sort(([a, one], [b, other]) => other.places - one.places || other.count - one.count || a.localeCompare(b))
    .map(([name, { count, at }]) => ({ id: `${kind}:${name}`, kind, group: null, name, count, at, island: false, gaps: 0 }));
  const lines = cells
    .sort((a, b) => b.count - a.count)
    .map((one) => ({ id: `${one.touchpoint}~${one.name}`, source: touchpointId(one.touchpoint), target: `${kind}:${one.name}`, count: one.count, share: one.share, at: one.at }));
  return { ends, lines };
}

/** How thick a line is: by the order of magnitude of what it stands for. */
export const thickness = (count: number, most: number): number => (most <= 0 ? 1 : 1 + 5 * (Math.log1p(count) / Math.log1p(most)));
