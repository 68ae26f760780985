/** What the map draws and where. Pure: the same map is drawn the same way, on the canvas and in the picture that is saved. */
import type { DataMap } from "@/api/insight";
import type { View } from "./state";

export const BOX = { width: 190, height: 64 };

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

export const GROUPS = ["wechat", "social", "market", "own", "offline", "message", "other"] as const;
export type Group = (typeof GROUPS)[number];

const of: Record<string, Group> = {
  wechat_oa: "wechat", wechat_mini: "wechat", wechat_channels: "wechat", wecom: "wechat",
  douyin: "social", kuaishou: "social", xiaohongshu: "social", weibo: "social",
  tmall: "market", taobao: "market", jd: "market", pinduoduo: "market", youzan: "market", weimob: "market",
  web: "own", app: "own", h5: "own", webhook: "own",
  store: "offline", crm: "offline", erp: "offline", file: "offline",
  sms: "message", email: "message", push: "message", phone: "message", direct_mail: "message", ads: "message",
};

export const groupOf = (channel: string | null): Group => of[channel ?? ""] ?? "other";

/** So many lines of the heaviest are drawn: more would only hide each other. All of them are in the matrices. */
const MOST_LINES = 60;
const MOST_SIGNALS = 24;
const GAP = 18;

/** Touchpoints in the order of their groups. */
function touchpoints(map: DataMap): Omit<Box, "x" | "y">[] {
  return map.places
    .map((one) => ({
      id: `touchpoint:${one.touchpoint}`,
      kind: "touchpoint" as const,
      group: groupOf(one.channel),
      name: one.touchpoint,
      count: one.customers,
      at: one.last_at,
      island: one.island,
      gaps: map.gaps.filter((gap) => gap.touchpoint === one.touchpoint && gap.severity !== "info").length,
    }))
    .sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group) || a.name.localeCompare(b.name));
}

/** The boxes and lines of a view. */
export function draw(map: DataMap, view: View): { boxes: Box[]; lines: Line[] } {
  const places = touchpoints(map);
  if (view === "links") {
    const lines = [...map.linkage]
      .sort((a, b) => b.customers - a.customers)
      .slice(0, MOST_LINES)
      .map((one) => ({ id: `${one.a}~${one.b}`, source: `touchpoint:${one.a}`, target: `touchpoint:${one.b}`, count: one.customers, share: Math.max(one.share_a, one.share_b), at: null }));
    return { boxes: round(places), lines };
  }
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
    .slice(0, MOST_SIGNALS)
    .map(([name, { count, at }]) => ({ id: `${kind}:${name}`, kind, group: null, name, count, at, island: false, gaps: 0 }));
  const shown = new Set(ends.map((one) => one.name));
  const lines = cells
    .filter((one) => shown.has(one.name))
    .map((one) => ({ id: `${one.touchpoint}~${one.name}`, source: `touchpoint:${one.touchpoint}`, target: `${kind}:${one.name}`, count: one.count, share: one.share, at: one.at }));
  return { boxes: [...column(places, 0, ends.length), ...column(ends, 560, places.length)], lines };
}

/** On an ellipse, so that no line runs through a third box. */
function round(boxes: Omit<Box, "x" | "y">[]): Box[] {
  const width = Math.max(320, (boxes.length * BOX.width) / 3.2);
  const height = Math.max(180, (boxes.length * (BOX.height + GAP)) / 3.4);
  return boxes.map((one, i) => {
    const angle = (2 * Math.PI * i) / Math.max(1, boxes.length) - Math.PI / 2;
    return { ...one, x: Math.round(width + width * Math.cos(angle)), y: Math.round(height + height * Math.sin(angle)) };
  });
}

/** One below the other, in the middle of a column that is as high as the other one. */
function column(boxes: Omit<Box, "x" | "y">[], x: number, other: number): Box[] {
  const rows = Math.max(boxes.length, other);
  const start = ((rows - boxes.length) * (BOX.height + GAP)) / 2;
  return boxes.map((one, i) => ({ ...one, x, y: start + i * (BOX.height + GAP) }));
}

/** How thick a line is: by the order of magnitude of what it stands for. */
export const thickness = (count: number, most: number): number => (most <= 0 ? 1 : 1 + 5 * (Math.log1p(count) / Math.log1p(most)));

const escape = (text: string): string => text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** The drawing as a picture of its own: no style sheet, no font but the viewer's. */
export function picture(boxes: Box[], lines: Line[], words: { title: (box: Box) => string; note: (box: Box) => string; line: (line: Line) => string }): string {
  const margin = 24;
  const left = Math.min(0, ...boxes.map((one) => one.x)) - margin;
  const top = Math.min(0, ...boxes.map((one) => one.y)) - margin;
  const width = Math.max(0, ...boxes.map((one) => one.x + BOX.width)) + margin - left;
  const height = Math.max(0, ...boxes.map((one) => one.y + BOX.height)) + margin - top;
  const at = new Map(boxes.map((one) => [one.id, one]));
  const most = Math.max(0, ...lines.map((one) => one.count));
  const drawn = lines.flatMap((one) => {
    const [a, b] = [at.get(one.source), at.get(one.target)];
    if (a === undefined || b === undefined) return [];
    const sides = b.kind === "touchpoint" ? { x1: a.x + BOX.width / 2, x2: b.x + BOX.width / 2 } : { x1: a.x + BOX.width, x2: b.x };
    const [y1, y2] = [a.y + BOX.height / 2, b.y + BOX.height / 2];
    const label = `<text x="${(sides.x1 + sides.x2) / 2}" y="${(y1 + y2) / 2 - 3}" text-anchor="middle" font-size="10" fill="#475569">${escape(words.line(one))}</text>`;
    return [`<line x1="${sides.x1}" y1="${y1}" x2="${sides.x2}" y2="${y2}" stroke="#7c93b8" stroke-opacity="0.55" stroke-width="${thickness(one.count, most).toFixed(1)}"/>`, lines.length <= 30 ? label : ""];
  });
  const shapes = boxes.map(
    (one) =>
      `<g><rect x="${one.x}" y="${one.y}" width="${BOX.width}" height="${BOX.height}" rx="6" fill="#ffffff" stroke="${one.island || one.gaps > 0 ? "#b45309" : "#94a3b8"}" stroke-width="1.5"/>` +
      `<text x="${one.x + 10}" y="${one.y + 22}" font-size="13" font-weight="600" fill="#0f172a">${escape(cut(words.title(one), 24))}</text>` +
      `<text x="${one.x + 10}" y="${one.y + 42}" font-size="11" fill="#475569">${escape(cut(words.note(one), 32))}</text></g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${left} ${top} ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif"><rect x="${left}" y="${top}" width="${width}" height="${height}" fill="#ffffff"/>${drawn.join("")}${shapes.join("")}</svg>`;
}
