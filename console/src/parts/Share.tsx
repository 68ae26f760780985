import { percent } from "@/lib/format";
import { useText } from "@/lib/useText";

/** A share of one as a bar with its figure beside it. */
export function Share({ share, label }: { share: number; label: string }) {
  const { language } = useText();
  const figure = percent(share, language);
  return (
    <span style={{ display: "grid", gridTemplateColumns: "minmax(60px, 1fr) 56px", gap: 10, alignItems: "center" }}>
      <span className="op-share" role="img" aria-label={`${label} ${figure}`}>
        <span style={{ width: `${Math.min(100, share * 100)}%` }} />
      </span>
      <span className="op-num" style={{ textAlign: "right" }}>
        {figure}
      </span>
    </span>
  );
}

/** The last sizes of something as a line without axes; the words for it are the label. */
export function Spark({ values, label }: { values: number[]; label: string }) {
  if (values.length < 2) return null;
  const low = Math.min(...values);
  const high = Math.max(...values);
  const width = 96;
  const height = 24;
  const x = (i: number): number => (i / (values.length - 1)) * (width - 4) + 2;
  const y = (v: number): number => (high === low ? height / 2 : height - 3 - ((v - low) / (high - low)) * (height - 6));
  const points = values.map((v, i) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`).join(" ");
  return (
    <svg width={width} height={height} role="img" aria-label={label} style={{ display: "block" }}>
      <polyline points={points} fill="none" stroke="var(--op-accent)" strokeWidth="1.5" strokeLinejoin="round" />
      <circle cx={x(values.length - 1)} cy={y(values.at(-1) ?? 0)} r="2.2" fill="var(--op-accent)" />
    </svg>
  );
}
