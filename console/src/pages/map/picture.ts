/** The drawing as a picture of its own: no style sheet, no font but the viewer's. */
import type { Group } from "@/pages/touchpoints/words";
import { type Line, type Placed, thickness } from "./drawing";
import { BOX, extent, type Layout } from "./layout";

const MARGIN = 24;
const MOST_WORDS = 30;

const escape = (text: string): string => text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

interface Words {
  title: (box: Placed) => string;
  note: (box: Placed) => string;
  line: (line: Line) => string;
  group: (group: Group) => string;
}

export function picture(layout: Layout, lines: Line[], words: Words): string {
  const { boxes, headings } = layout;
  const found = extent(layout);
  const [left, top, width, height] = [found.left - MARGIN, found.top - MARGIN, found.width + 2 * MARGIN, found.height + 2 * MARGIN];
  const at = new Map(boxes.map((one) => [one.id, one]));
  const most = Math.max(0, ...lines.map((one) => one.count));
  const drawn = lines.flatMap((one) => {
    const [a, b] = [at.get(one.source), at.get(one.target)];
    if (a === undefined || b === undefined) return [];
    const [x1, x2] = a.x < b.x ? [a.x + BOX.width, b.x] : a.x > b.x ? [a.x, b.x + BOX.width] : [a.x + BOX.width / 2, b.x + BOX.width / 2];
    const [y1, y2] = [a.y + BOX.height / 2, b.y + BOX.height / 2];
    const label = `<text x="${(x1 + x2) / 2}" y="${(y1 + y2) / 2 - 3}" text-anchor="middle" font-size="10" fill="#475569">${escape(words.line(one))}</text>`;
    return [`<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#7c93b8" stroke-opacity="0.55" stroke-width="${thickness(one.count, most).toFixed(1)}"/>`, lines.length <= MOST_WORDS ? label : ""];
  });
  const shapes = boxes.map(
    (one) =>
      `<g><rect x="${one.x}" y="${one.y}" width="${BOX.width}" height="${BOX.height}" rx="6" fill="#ffffff" stroke="${one.island || one.gaps > 0 ? "#b45309" : "#94a3b8"}" stroke-width="1.5"/>` +
      `<text x="${one.x + 9}" y="${one.y + 19}" font-size="13" font-weight="600" fill="#0f172a">${escape(cut(words.title(one), 20))}</text>` +
      `<text x="${one.x + 9}" y="${one.y + 36}" font-size="11" fill="#475569">${escape(cut(words.note(one), 26))}</text></g>`,
  );
  const heads = headings.map((one) => `<text x="${one.x}" y="${one.y + 14}" font-size="12" fill="#475569">${escape(words.group(one.group))}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${left} ${top} ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif"><rect x="${left}" y="${top}" width="${width}" height="${height}" fill="#ffffff"/>${drawn.join("")}${shapes.join("")}${heads.join("")}</svg>`;
}
