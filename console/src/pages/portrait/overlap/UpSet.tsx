import { theme } from "antd";
import { type KeyboardEvent, useRef } from "react";
import type { Intersection, Overlap } from "@/api/segments";
import { compact, exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { DRAWN, keyOf } from "./sets";

const COLUMN = 36;
const ROW = 30;
const LEFT = 330;
const BARS = 170;
const TOP = 22;

interface Props {
  overlap: Overlap;
  selected: string | undefined;
  onSelect: (key: string) => void;
  titleOf: (segment: string) => string;
}

/**
 * An UpSet plot (Lex et al., 2014): a column an intersection, its size as a bar above, the segments in it as joined dots
 * below; the sizes of the segments stand on the left. Columns are chosen by click or with the arrow keys.
 */
export function UpSet({ overlap, selected, onSelect, titleOf }: Props) {
  const { t, language } = useText();
  const { token } = theme.useToken();
  const place = useRef<SVGSVGElement>(null);
  const columns = overlap.intersections.slice(0, DRAWN);
  const sets = [...overlap.sizes].sort((a, b) => b.size - a.size);
  const tallest = Math.max(...columns.map((one) => one.count), 1);
  const largest = Math.max(...sets.map((one) => one.size), 1);
  const width = LEFT + columns.length * COLUMN + 12;
  const height = TOP + BARS + 14 + sets.length * ROW;
  const x = (i: number): number => LEFT + i * COLUMN + COLUMN / 2;
  const y = (row: number): number => TOP + BARS + 14 + row * ROW + ROW / 2;
  const told = (one: Intersection): string => {
    const join = (names: string[]): string => names.map(titleOf).join(language === "en" ? ", " : "\u3001");
    const count = exact(one.count, language);
    return one.out.length === 0 ? t("overlap.inAll", { inside: join(one.in), figure: count }) : t("overlap.inOnly", { inside: join(one.in), outside: join(one.out), figure: count });
  };
  const at = columns.findIndex((one) => keyOf(one) === selected);
  const go = (i: number): void => {
    const next = columns[Math.min(columns.length - 1, Math.max(0, i))];
    if (next === undefined) return;
    onSelect(keyOf(next));
    place.current?.querySelector<SVGGElement>(`[data-key="${keyOf(next)}"]`)?.focus();
  };
  const keys = (event: KeyboardEvent, i: number): void => {
    const to: Record<string, number> = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: columns.length - 1, Enter: i, " ": i };
    const next = to[event.key];
    if (next === undefined) return;
    event.preventDefault();
    go(next);
  };
  return (
    <div style={{ overflowX: "auto" }} data-testid="upset">
      <svg ref={place} width={width} height={height} className="op-upset" role="group" aria-label={t("overlap.chart")}>
        {sets.map((one, row) => (
          <g key={one.segment}>
            <rect x={0} y={y(row) - ROW / 2} width={width} height={ROW} fill={row % 2 === 0 ? token.colorFillQuaternary : "none"} />
            <rect x={LEFT - 100} y={y(row) - 6} width={(one.size / largest) * 84} height={12} rx={2} fill={token.colorTextTertiary} opacity={0.55} />
            <text x={LEFT - 106} y={y(row) + 4} textAnchor="end" fill={token.colorTextSecondary} className="op-num">
              {compact(one.size, language)}
            </text>
            <foreignObject x={4} y={y(row) - 11} width={LEFT - 170} height={22}>
              <div className="op-upset-name" title={titleOf(one.segment)}>
                {titleOf(one.segment)}
              </div>
            </foreignObject>
          </g>
        ))}
        {columns.map((one, i) => {
          const key = keyOf(one);
          const rows = sets.flatMap((set, row) => (one.in.includes(set.segment) ? [row] : []));
          const bar = Math.max(2, (one.count / tallest) * BARS);
          const chosen = key === selected;
          const colour = chosen ? token.colorPrimary : token.colorTextSecondary;
          return (
            <g
              key={key}
              role="button"
              tabIndex={i === Math.max(0, at) ? 0 : -1}
              aria-pressed={chosen}
              aria-label={told(one)}
              data-key={key}
              data-testid="upset-column"
              data-value={one.count}
              onClick={() => onSelect(key)}
              onKeyDown={(event) => keys(event, i)}
            >
              <title>{told(one)}</title>
              <rect x={x(i) - COLUMN / 2} y={0} width={COLUMN} height={height} fill={chosen ? token.colorPrimaryBg : "transparent"} opacity={chosen ? 0.6 : 1} />
              <rect x={x(i) - 11} y={TOP + BARS - bar} width={22} height={bar} rx={2} fill={colour} />
              <text x={x(i)} y={TOP + BARS - bar - 6} textAnchor="middle" fill={token.colorText} className="op-num">
                {compact(one.count, language)}
              </text>
              {sets.map((set, row) => (
                <circle key={set.segment} cx={x(i)} cy={y(row)} r={6} fill={rows.includes(row) ? colour : token.colorFillSecondary} />
              ))}
              {rows.length > 1 && <line x1={x(i)} x2={x(i)} y1={y(rows[0] ?? 0)} y2={y(rows.at(-1) ?? 0)} stroke={colour} strokeWidth={3} />}
            </g>
          );
        })}
      </svg>
    </div>
  );
}
