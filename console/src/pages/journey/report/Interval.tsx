import type { Results } from "@/api/journeys";
import { exact, percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Status } from "@/parts/Status";

const WIDTH = 420;
const HEIGHT = 34;

/** The difference to those who got nothing, with the interval that it lies in: on a line whose middle is no difference. */
export function Interval({ of, step }: { of: Results["uplift"][number]; step: (node: string) => string }) {
  const { t, language } = useText();
  const { value, low, high, relative, control, control_goals, enough, against, treated_rate: rate } = of;
  const points = (share: number): string => `${share >= 0 ? "+" : "−"}${percent(Math.abs(share), language)}`;
  const label = against.startsWith("split:") ? t("journey.report.against.split", { step: step(against.slice(6)) }) : t(`journey.report.against.${against === "holdout" ? "holdout" : "global_control"}`);
  if (value === null || low === null || high === null) {
    return (
      <p>
        <strong>{label}</strong> <span className="op-mute">{t("journey.report.tooFew", { control: exact(control, language) })}</span>
      </p>
    );
  }
  const widest = Math.max(Math.abs(low), Math.abs(high), 0.001) * 1.15;
  const x = (share: number): number => WIDTH / 2 + (share / widest) * (WIDTH / 2 - 6);
  const verdict = low > 0 ? "better" : high < 0 ? "worse" : "unsure";
  return (
    <div className="op-uplift" data-testid={`uplift-${against}`} data-value={value} data-low={low} data-high={high}>
      <div>
        <strong>{label}</strong>
        <div className="op-mute">{t("journey.report.rates", { rate: rate === null ? "–" : percent(rate, language), control: of.rate === null ? "–" : percent(of.rate, language), goals: exact(control_goals, language), people: exact(control, language) })}</div>
      </div>
      <svg width={WIDTH} height={HEIGHT} role="img" aria-label={t("journey.report.interval", { value: points(value), low: points(low), high: points(high) })}>
        <line x1={0} x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} stroke="var(--op-line)" />
        <line x1={WIDTH / 2} x2={WIDTH / 2} y1={2} y2={HEIGHT - 2} stroke="var(--op-text-3)" />
        <line x1={x(low)} x2={x(high)} y1={HEIGHT / 2} y2={HEIGHT / 2} stroke="var(--op-accent)" strokeWidth={4} strokeLinecap="round" />
        <circle cx={x(value)} cy={HEIGHT / 2} r={6} fill="var(--op-accent)" stroke="var(--op-panel)" strokeWidth={2} />
      </svg>
      <div>
        <span className="op-num" style={{ fontSize: 18, fontWeight: 600 }}>
          {points(value)}
        </span>{" "}
        <span className="op-mute op-num">
          [{points(low)}, {points(high)}]{relative !== null && ` · ${t("journey.report.relative", { share: points(relative) })}`}
        </span>
        <div>
          <Status kind={!enough || verdict === "unsure" ? "warning" : verdict === "better" ? "ok" : "error"}>{t(`journey.report.verdict.${enough ? verdict : "few"}`)}</Status>
        </div>
      </div>
    </div>
  );
}
