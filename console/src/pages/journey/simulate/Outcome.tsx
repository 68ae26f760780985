import { useMemo } from "react";
import type { SimulatedRun, Simulation } from "@/api/backtests";
import { dateTime, exact, money, span } from "@/lib/format";
import { useZone } from "@/lib/session";
import { useChannelName } from "@/lib/useChannelName";
import { useText } from "@/lib/useText";
import { Chart, Legend, useChartStyle } from "@/parts/Chart";
import { CustomerName } from "@/parts/CustomerName";
import { Status } from "@/parts/Status";
import { useEnding } from "../ends";
import { Reason } from "../Reason";

/** The way of one customer, step by step; `named` says what a step is. */
function Path({ run, named, onStep }: { run: SimulatedRun; named: (node: string) => string; onStep: (node: string) => void }) {
  const { t, title } = useText();
  const channel = useChannelName();
  const ending = useEnding();
  const zone = useZone();
  if (run.entered === null) return <p className="op-mute">{run.not_entered === null ? t("journey.simulate.notEntered") : title(run.not_entered, "")}</p>;
  return (
    <ol className="op-path" data-testid="simulated-path">
      {run.steps.map((step, i) => (
        // A step is known by its place in the path: a repeat comes to the same node again.
        <li key={i}>
          <time className="op-num op-mute" dateTime={step.at}>
            {dateTime(step.at, zone)}
          </time>
          <div>
            <button type="button" className="op-linklike" onClick={() => step.node !== null && onStep(step.node)}>
              {title(step.what, step.node ?? "")}
            </button>
            {step.node !== null && <span className="op-mute op-path-step">{named(step.node)}</span>}
            {step.send !== null && (
              <div className="op-message" data-state={step.send.state}>
                <div>
                  <strong>{channel(step.send.channel)}</strong> {step.send.reason === null ? <Status kind="ok">{t("journey.simulate.sent")}</Status> : <Reason name={step.send.reason} />}
                </div>
                {step.send.text !== null && <p style={{ whiteSpace: "pre-wrap" }}>{step.send.text}</p>}
              </div>
            )}
          </div>
        </li>
      ))}
      {run.ended !== null && run.steps.at(-1)?.at !== run.ended && (
        <li>
          <time className="op-num op-mute" dateTime={run.ended}>
            {dateTime(run.ended, zone)}
          </time>
          <div>{t("journey.simulate.ended", { reason: ending(run.reason ?? "") })}</div>
        </li>
      )}
    </ol>
  );
}

/** Messages by hour and channel; of two definitions, the earlier one dashed. */
export function Hours({ of, before }: { of: Simulation; before?: Simulation }) {
  const { t } = useText();
  const named = useChannelName();
  const zone = useZone();
  const { grid, axis, tooltip } = useChartStyle();
  const shown = useMemo(() => {
    const both = [...of.sends_per_hour, ...(before?.sends_per_hour ?? [])];
    const hours = [...new Set(both.map((one) => one.at))].sort();
    const channels = [...new Set(both.map((one) => one.channel))].sort();
    const line = (simulation: Simulation, channel: string): number[] => {
      const counts = new Map(simulation.sends_per_hour.filter((one) => one.channel === channel).map((one) => [one.at, one.count]));
      return hours.map((at) => counts.get(at) ?? 0);
    };
    const series = channels.flatMap((channel) => [
      ...(before === undefined ? [] : [{ type: "line", step: "middle", name: `${named(channel)} · ${t("journey.simulate.before")}`, data: line(before, channel), showSymbol: false, lineStyle: { type: "dashed" } }]),
      before === undefined ? { type: "bar", stack: "all", name: named(channel), data: line(of, channel), barMaxWidth: 24 } : { type: "line", step: "middle", name: named(channel), data: line(of, channel), showSymbol: false },
    ]);
    return { hours, series };
  }, [of, before, t, named]);
  const option = useMemo(
    () => ({ grid, tooltip, xAxis: { type: "category", data: shown.hours.map((at) => dateTime(at, zone).slice(5)), ...axis }, yAxis: { type: "value", min: 0, minInterval: 1, ...axis }, series: shown.series }),
    [shown, grid, axis, tooltip, zone],
  );
  if (shown.hours.length === 0) return null;
  return (
    <section>
      <h3>{t("journey.simulate.perHour")}</h3>
      <Legend names={shown.series.map((one) => one.name)} />
      <Chart label={t("journey.simulate.perHour")} height={180} option={option} />
    </section>
  );
}

/** What a journey would have done: figures, hours, paths. */
export function Outcome({ of, named, onStep }: { of: Simulation; named: (node: string) => string; onStep: (node: string) => void }) {
  const { t, title, language } = useText();
  const channel = useChannelName();
  const reason = useEnding();
  const zone = useZone();
  return (
    <div className="op-stack" data-testid="simulation">
      <dl className="op-facts">
        <dt>{t("journey.simulate.entered")}</dt>
        <dd className="op-num" data-testid="simulated-entered" data-value={of.entered}>
          {t("journey.simulate.of", { figure: exact(of.entered, language), total: exact(of.customers, language), count: of.customers })}
        </dd>
        {of.ended.map((one) => (
          <div key={`end ${one.reason}`} style={{ display: "contents" }}>
            <dt>{t("journey.simulate.ended", { reason: reason(one.reason) })}</dt>
            <dd className="op-num">{exact(one.count, language)}</dd>
          </div>
        ))}
        {of.live > 0 && (
          <>
            <dt>{t("journey.simulate.going")}</dt>
            <dd className="op-num">{exact(of.live, language)}</dd>
          </>
        )}
        {of.sent.map((one) => (
          <div key={`sent ${one.reason}`} style={{ display: "contents" }}>
            <dt>
              {t("journey.simulate.sent")} · {channel(one.reason)}
            </dt>
            <dd className="op-num">{exact(one.count, language)}</dd>
          </div>
        ))}
        <dt>{t("journey.publish.caps")}</dt>
        <dd className="op-num">{exact(of.capped, language)}</dd>
        <dt>{t("journey.publish.quiet")}</dt>
        <dd className="op-num">{exact(of.quiet, language)}</dd>
        {of.cost !== null && (
          <>
            <dt>{t("journey.publish.cost")}</dt>
            <dd className="op-num">{money(of.cost.total, of.cost.currency, language)}</dd>
          </>
        )}
        {[...of.suppressed, ...of.failed].map((one, i) => (
          // A reason may stand among both: what was held back, and what a platform refused.
          <div key={`${one.reason} ${i}`} style={{ display: "contents" }}>
            <dt>
              <Reason name={one.reason} />
            </dt>
            <dd className="op-num">{exact(one.count, language)}</dd>
          </div>
        ))}
      </dl>
      {of.customers === 0 && <Status kind="warning">{t("journey.simulate.nobodyThen")}</Status>}
      <Hours of={of} />
      {of.notes.map((one) => (
        <p key={one.en} className="op-hint">
          {title(one, "")}
        </p>
      ))}
      {of.runs.map((run, i) => (
        <details key={`${run.customer_id} ${run.entered ?? i}`} className="op-run" open={of.runs.length === 1 || (of.customers === 1 && i === 0)}>
          <summary>
            {run.name ?? t("customers.numbered", { id: run.customer_id })}
            {run.entered !== null && <time className="op-num op-mute" dateTime={run.entered}>{dateTime(run.entered, zone)}</time>}
            <span className="op-mute">{run.entered === null ? t("journey.simulate.out") : run.reason === null ? t("journey.simulate.going") : reason(run.reason)}</span>
          </summary>
          <div>
            <CustomerName id={run.customer_id} name={run.name} newTab />
          </div>
          <Path run={run} named={named} onStep={onStep} />
        </details>
      ))}
      <p className="op-mute">{t("journey.publish.took", { time: span(of.seconds, language) })}</p>
    </div>
  );
}
