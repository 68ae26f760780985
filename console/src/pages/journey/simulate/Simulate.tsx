import { PlayCircleOutlined, StopOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Input, InputNumber, Segmented, Select } from "antd";
import { useEffect, useRef, useState } from "react";
import { simulate, type SimulatedRun, type Simulation } from "@/api/journeys";
import { queries } from "@/api/queries";
import { matches } from "@/conditions/names";
import { dateTime, exact, money, span } from "@/lib/format";
import { useZone } from "@/lib/session";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Problem, Waiting } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { useFactory } from "@/pages/tags/factory/context";
import { useEditing } from "../editor/context";
import { Reason } from "../Reason";
import type { Words } from "../words";

const SAMPLE = 50;
const PAUSE_MS = 300;

/** The customer who is gone through the journey: found by name, phone or number. */
function CustomerPick({ value, onChange }: { value: number | null; onChange: (id: number | null) => void }) {
  const { t } = useText();
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setAsked(typed), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const found = useQuery(queries.customers({ ...(asked !== "" && { q: asked }), page: 1, size: 10, sort: "-last_seen" })).data?.items ?? [];
  return (
    <Select
      style={{ width: "100%" }}
      allowClear
      showSearch={{ filterOption: false, onSearch: setTyped }}
      aria-label={t("journey.simulate.customer")}
      placeholder={t("journey.simulate.customer")}
      value={value ?? undefined}
      options={found.map((one) => ({ value: one.customer_id, label: `${one.name ?? ""} ${one.customer_id}`.trim() }))}
      onChange={(next?: number) => onChange(next ?? null)}
      data-testid="simulate-customer"
    />
  );
}

function Path({ run, onStep }: { run: SimulatedRun; onStep: (node: string) => void }) {
  const { t, title } = useText();
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
            {step.send !== null && (
              <div className="op-message" data-state={step.send.state}>
                <div>
                  <strong>{step.send.channel}</strong> {step.send.reason === null ? <Status kind="ok">{t("journey.simulate.sent")}</Status> : <Reason name={step.send.reason} />}
                </div>
                {step.send.text !== null && <p style={{ whiteSpace: "pre-wrap" }}>{step.send.text}</p>}
              </div>
            )}
          </div>
        </li>
      ))}
      {run.ended !== null && (
        <li>
          <time className="op-num op-mute" dateTime={run.ended}>
            {dateTime(run.ended, zone)}
          </time>
          <div>{t("journey.simulate.ended", { reason: t(`journey.ends.${run.reason as "completed"}`, { defaultValue: run.reason ?? "" }) })}</div>
        </li>
      )}
    </ol>
  );
}

function Outcome({ of, onStep }: { of: Simulation; onStep: (node: string) => void }) {
  const { t, title, language } = useText();
  return (
    <div className="op-stack" data-testid="simulation">
      <dl className="op-facts">
        <dt>{t("journey.simulate.entered")}</dt>
        <dd className="op-num" data-testid="simulated-entered" data-value={of.entered}>
          {t("journey.simulate.of", { figure: exact(of.entered, language), total: exact(of.customers, language) })}
        </dd>
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
        {of.suppressed.map((one) => (
          <div key={one.reason} style={{ display: "contents" }}>
            <dt>
              <Reason name={one.reason} />
            </dt>
            <dd className="op-num">{exact(one.count, language)}</dd>
          </div>
        ))}
      </dl>
      {of.notes.map((one) => (
        <p key={one.en} className="op-hint">
          {title(one, "")}
        </p>
      ))}
      {of.runs.map((run, i) => (
        <details key={`${run.customer_id} ${run.entered ?? i}`} className="op-run" open={of.runs.length === 1}>
          <summary>
            {run.name ?? t("customers.numbered", { id: run.customer_id })}
            <span className="op-mute">{run.entered === null ? t("journey.simulate.out") : run.reason === null ? t("journey.simulate.going") : t(`journey.ends.${run.reason as "completed"}`, { defaultValue: run.reason })}</span>
          </summary>
          <div>
            <CustomerName id={run.customer_id} name={run.name} newTab />
          </div>
          <Path run={run} onStep={onStep} />
        </details>
      ))}
      <p className="op-mute">{t("journey.publish.took", { time: span(of.seconds, language) })}</p>
    </div>
  );
}

/** Goes through the journey in virtual time: nothing is sent, nothing is kept. */
export function Simulate({ words: _ }: { words: Words }) {
  const { t } = useText();
  const { definition, setOpen } = useEditing();
  const { names } = useFactory();
  const [who, setWho] = useState<"customer" | "segment">("customer");
  const [customer, setCustomer] = useState<number | null>(null);
  const [segment, setSegment] = useState<string | null>(null);
  const [days, setDays] = useState(30);
  const [start, setStart] = useState(() => dateTime(new Date(Date.now() - 30 * 86_400_000)).replace(" ", "T"));
  const [found, setFound] = useState<{ of: unknown; simulation: Simulation | null; error: unknown } | null>(null);
  const [busy, setBusy] = useState(false);
  const going = useRef<AbortController | null>(null);
  useEffect(() => () => going.current?.abort(), []);
  const run = (): void => {
    going.current?.abort();
    const mine = new AbortController();
    going.current = mine;
    setBusy(true);
    const done = (simulation: Simulation | null, error: unknown): void => {
      if (going.current !== mine) return;
      setBusy(false);
      setFound({ of: definition, simulation, error });
    };
    simulate(
      { definition, start: new Date(start).toISOString(), days, ...(who === "customer" ? { customers: customer === null ? [] : [customer] } : { segment: segment ?? "", sample: SAMPLE }) },
      mine.signal,
    ).then(
      (simulation) => done(simulation, null),
      (error: unknown) => done(null, error),
    );
  };
  const stop = (): void => {
    going.current?.abort();
    going.current = null;
    setBusy(false);
  };
  const ready = who === "customer" ? customer !== null : segment !== null;
  return (
    <div className="op-form">
      <p className="op-hint">{t("journey.simulate.hint")}</p>
      <Segmented
        block
        aria-label={t("journey.simulate.who")}
        value={who}
        onChange={(next) => setWho(next)}
        options={[
          { value: "customer" as const, label: t("journey.simulate.one") },
          { value: "segment" as const, label: t("journey.simulate.sample", { count: SAMPLE }) },
        ]}
      />
      {who === "customer" ? (
        <CustomerPick value={customer} onChange={setCustomer} />
      ) : (
        <Select style={{ width: "100%" }} showSearch={{ filterOption: matches }} aria-label={t("journey.start.segment")} placeholder={t("journey.start.segment")} value={segment ?? undefined} options={names.segments} onChange={setSegment} data-testid="simulate-segment" />
      )}
      <div className="op-row">
        <label>
          <span className="op-mute">{t("journey.simulate.start")}</span>
          <Input type="datetime-local" value={start} onChange={(event) => setStart(event.target.value)} />
        </label>
        <label>
          <span className="op-mute">{t("journey.simulate.days")}</span>
          <InputNumber style={{ width: 90, display: "block" }} min={1} max={366} value={days} onChange={(next) => setDays(next ?? 30)} />
        </label>
      </div>
      <div className="op-row">
        {busy ? (
          <Button icon={<StopOutlined />} onClick={stop}>
            {t("journey.simulate.stop")}
          </Button>
        ) : (
          <Button type="primary" icon={<PlayCircleOutlined />} disabled={!ready || start === ""} onClick={run} data-testid="simulate-run">
            {t("journey.simulate.run")}
          </Button>
        )}
        {found !== null && found.of !== definition && <Status kind="warning">{t("journey.simulate.old")}</Status>}
      </div>
      {busy && <Waiting rows={4} />}
      {found?.error != null && <Problem error={found.error} />}
      {!busy && found?.simulation != null && <Outcome of={found.simulation} onStep={(node) => setOpen({ kind: "node", name: node })} />}
    </div>
  );
}
