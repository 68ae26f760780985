/** Where the boxes of the map stand: columns that are read without zooming. Pure: the same boxes stand in the same places. */
import type { Group } from "@/pages/touchpoints/words";
import type { Box, Placed } from "./drawing";

export const BOX = { width: 164, height: 46 };
export const HEAD = 24;
const GAP = { x: 56, y: 12 };
const ROW = BOX.height + GAP.y;
/** Between the middle of a drawing and its sides: room for the figures of a line. */
const SIDE = 190;

export interface Heading {
  group: Group;
  x: number;
  y: number;
}

export interface Layout {
  boxes: Placed[];
  headings: Heading[];
}

/** Under the headings of their groups, in columns of about the same height; a group that is too long goes on in the next one. */
export function columns(boxes: Box[]): Layout {
  const rows = Math.min(9, Math.max(4, Math.ceil(Math.sqrt(boxes.length * 1.7))));
  const placed: Placed[] = [];
  const headings: Heading[] = [];
  let [column, y] = [0, 0];
  let group: Group | null = null;
  for (const [at, box] of boxes.entries()) {
    if (box.group !== group || y + BOX.height > rows * ROW + HEAD) {
      const left = boxes.slice(at).findIndex((one) => one.group !== box.group);
      const coming = Math.min(rows, left < 0 ? boxes.length - at : left);
      const fits = y > 0 && box.group !== group && y + HEAD + coming * ROW <= rows * ROW + HEAD + GAP.y;
      if (y > 0 && !fits) [column, y] = [column + 1, 0];
      group = box.group;
      headings.push({ group: group ?? "other", x: column * (BOX.width + GAP.x), y });
      y += HEAD;
    }
    placed.push({ ...box, x: column * (BOX.width + GAP.x), y });
    y += ROW;
  }
  return { boxes: placed, headings };
}

/** Touchpoints on both sides of what they yield: half as high as all of them below each other. */
export function sides(touchpoints: Box[], ends: Box[]): Layout {
  const half = Math.ceil(touchpoints.length / 2);
  const lists = [touchpoints.slice(0, half), ends, touchpoints.slice(half)];
  return { boxes: beside(lists), headings: [] };
}

/** One box and its neighbours, on its right and on its left: the nearest at the top. */
export function around(centre: Box, neighbours: Box[]): Layout {
  const [left, right] = neighbours.length <= 8 ? [[], neighbours] : [neighbours.filter((_, i) => i % 2 === 1), neighbours.filter((_, i) => i % 2 === 0)];
  return { boxes: beside(left.length > 0 ? [left, [centre], right] : [[centre], right]), headings: [] };
}

function beside(lists: Box[][]): Placed[] {
  const most = Math.max(0, ...lists.map((one) => one.length));
  return lists.flatMap((list, column) => {
    // Spread over the height of the longest, at most two rows apart: lines stay short.
    const step = ROW * Math.min(2, list.length > 1 ? (most - 1) / (list.length - 1) : 1);
    const start = ((most - 1) * ROW - (list.length - 1) * step) / 2;
    return list.map((one, i) => ({ ...one, x: column * (BOX.width + SIDE), y: Math.round(start + i * step) }));
  });
}

export interface Extent {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** What the drawing covers. */
export function extent({ boxes, headings }: Layout): Extent {
  const left = Math.min(0, ...boxes.map((one) => one.x));
  const top = Math.min(0, ...boxes.map((one) => one.y), ...headings.map((one) => one.y));
  return {
    left,
    top,
    width: Math.max(BOX.width, ...boxes.map((one) => one.x + BOX.width)) - left,
    height: Math.max(BOX.height, ...boxes.map((one) => one.y + BOX.height)) - top,
  };
}

const MARGIN = 24;
const LEGIBLE = 0.85;
const TALLEST = 1400;

/** How a drawing is shown in so many pixels: as large as it fits, but never too small to read; then it can be moved. */
export function view(layout: Layout, width: number): { zoom: number; height: number; x: number; y: number; whole: boolean } {
  const { left, top, width: wide, height: high } = extent(layout);
  const fits = (width - 2 * MARGIN) / wide;
  const zoom = Math.min(1, Math.max(LEGIBLE, fits));
  const height = Math.round(Math.min(TALLEST, Math.max(260, high * zoom + 2 * MARGIN)));
  const spare = Math.max(0, width - wide * zoom - 2 * MARGIN) / 2;
  return { zoom, height, x: MARGIN + spare - left * zoom, y: MARGIN - top * zoom, whole: fits >= LEGIBLE && high * zoom + 2 * MARGIN <= TALLEST };
}
