import type { PortraitCell } from "@/api/segments";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { leaning, placeOf } from "./model";

const WIDTH = 200;
const HEIGHT = 18;
const x = (tgi: number): number => placeOf(tgi) * WIDTH;

/** A TGI as a bar from 100, with its 95 % interval as a line; the axis is logarithmic. */
export function TgiBar({ cell }: { cell: PortraitCell }) {
  const { t, language } = useText();
  const { tgi, low, high, small } = cell;
  if (tgi === null) return <span />;
  const told = t(low === null || high === null ? "portrait.tgiOnly" : "portrait.tgiOf", { tgi: exact(tgi, language), low: exact(low ?? 0, language), high: exact(high ?? 0, language) });
  const at = x(tgi);
  const middle = x(100);
  return (
    <svg className="op-tgi" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={told} data-leaning={leaning(cell)} data-small={small}>
      <title>{told}</title>
      <line x1={middle} x2={middle} y1={0} y2={HEIGHT} className="op-tgi-even" />
      <rect x={Math.min(at, middle)} width={Math.max(1, Math.abs(at - middle))} y={4} height={HEIGHT - 8} />
      {low !== null && high !== null && (
        <g className="op-tgi-range">
          <line x1={x(low)} x2={x(high)} y1={HEIGHT / 2} y2={HEIGHT / 2} />
          <line x1={x(low)} x2={x(low)} y1={5} y2={HEIGHT - 5} />
          <line x1={x(high)} x2={x(high)} y1={5} y2={HEIGHT - 5} />
        </g>
      )}
    </svg>
  );
}
