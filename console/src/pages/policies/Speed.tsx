/** How fast accounts send, who goes first, and when an account is left alone. */
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, InputNumber, Select } from "antd";
import { journeys } from "@/api/journeys";
import { policies } from "@/api/policies";
import { SpanInput } from "@/conditions/editor/Inputs";
import { usePlaces } from "@/lib/places";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { object, text } from "@/pages/messages/definition";
import { Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { BREAKER, paceOf, withEntry, withPace } from "./definition";
import type { Props } from "./Rules";

const PERS = ["second", "minute", "hour", "day"] as const;
const MOST = 100_000_000;
const WEIGHTS = 1000;

function Limits({ policy, readOnly, onChange, touchpoint, title }: Props & { touchpoint: string; title: string }) {
  const { t } = useText();
  const limits = paceOf(policy, touchpoint);
  const write = (next: ReturnType<typeof paceOf>): void => onChange(withPace(policy, touchpoint, next));
  const change = (at: number, key: string, value: string | number | null): void =>
    write(limits.map((one, i) => (i === at ? (value === null ? Object.fromEntries(Object.entries(one).filter(([name]) => name !== key)) : { ...one, [key]: value }) : one)));
  return (
    <div role="group" aria-label={title}>
      {limits.map((limit, at) => (
        // A limit has no name of its own; its place is what it is known by.
        <div key={at} className="op-policy-limit">
          <span>{t("reach.policies.atMost")}</span>
          <InputNumber size="small" style={{ width: 104 }} aria-label={`${title} ${t("reach.policies.count")}`} min={1} max={MOST} precision={0} readOnly={readOnly} value={Number(limit.count)} onChange={(next) => change(at, "count", next ?? 1)} data-testid={`pace-${touchpoint}-${at}`} />
          <Select size="small" style={{ width: 104 }} aria-label={`${title} ${t("reach.policies.per")}`} disabled={readOnly} value={text(limit.per) || "second"} onChange={(next: string) => change(at, "per", next)} options={PERS.map((value) => ({ value, label: t(`reach.policies.paces.${value}`) }))} />
          <span>{t("reach.policies.burst")}</span>
          <InputNumber size="small" style={{ width: 88 }} aria-label={`${title} ${t("reach.policies.burst")}`} min={1} precision={0} readOnly={readOnly} placeholder={t("reach.policies.sameAsPace")} value={typeof limit.burst === "number" ? limit.burst : null} onChange={(next) => change(at, "burst", next)} />
          {!readOnly && <Button size="small" type="text" icon={<DeleteOutlined />} aria-label={`${title} ${t("reach.policies.removeLimit")}`} onClick={() => write(limits.filter((_, i) => i !== at))} />}
        </div>
      ))}
      {limits.length === 0 && <span className="op-mute">{t("reach.policies.noLimit")} </span>}
      {!readOnly && (
        <Button size="small" type="text" icon={<PlusOutlined />} aria-label={`${title} ${t("reach.policies.addLimit")}`} onClick={() => write([...limits, { count: 10, per: "second" }])} data-testid={`pace-add-${touchpoint}`}>
          {t("reach.policies.addLimit")}
        </Button>
      )}
    </div>
  );
}

/** At most so many messages in a time over each account; names that no account has any more can be taken away. */
function Pace(props: Props) {
  const { t, title } = useText();
  const places = usePlaces();
  const accounts = useQuery(policies.accounts()).data?.items ?? [];
  const more = Object.keys(object(props.policy.pace)).filter((name) => !accounts.some((one) => one.touchpoint === name));
  const rows = [...accounts.map((one) => ({ name: one.touchpoint, said: title(one.title, one.touchpoint), channel: places.channel(one.channel) })), ...more.map((name) => ({ name, said: name, channel: "" }))];
  return (
    <Panel title={t("reach.policies.pace")}>
      <p className="op-mute">{t("reach.policies.paceText")}</p>
      {rows.length === 0 && <Nothing title={t("reach.policies.noAccounts")} text={t("reach.policies.noAccountsText")} />}
      <div className="op-policy-lines">
        {rows.map((one) => (
          <div key={one.name} className="op-policy-line">
            <span className="op-policy-name">
              {one.said} {one.channel !== one.said && <span className="op-mute">{one.channel}</span>}
            </span>
            <Limits {...props} touchpoint={one.name} title={one.said} />
          </div>
        ))}
      </div>
    </Panel>
  );
}

/** Weights of journeys beside others of their class while an account has more to send than it may. */
function Shares({ policy, readOnly, onChange }: Props) {
  const { t, title } = useText();
  const listed = useQuery({ ...journeys.list(), enabled: useMay("journeys.read") }).data?.items ?? [];
  const shares = object(policy.shares);
  const called = (name: string): string => title(listed.find((one) => one.name === name)?.title, name);
  const put = (name: string, weight: number | undefined): void => onChange(withEntry(policy, "shares", name, weight));
  const free = listed.filter((one) => !(one.name in shares));
  return (
    <Panel title={t("reach.policies.shares")}>
      <p className="op-mute">{t("reach.policies.sharesText")}</p>
      <div className="op-policy-rows">
        {Object.entries(shares).map(([name, weight]) => (
          <div key={name} className="op-row">
            <span className="op-policy-name">{called(name)}</span>
            <InputNumber min={1} max={WEIGHTS} precision={0} aria-label={`${called(name)} ${t("reach.policies.weight")}`} readOnly={readOnly} value={Number(weight)} onChange={(next) => put(name, next ?? 1)} data-testid={`share-${name}`} />
            {!readOnly && <Button type="text" icon={<DeleteOutlined />} aria-label={`${called(name)} ${t("reach.policies.removeShare")}`} onClick={() => put(name, undefined)} />}
          </div>
        ))}
      </div>
      {!readOnly && free.length > 0 && (
        <Select showSearch={{ optionFilterProp: "label" }} style={{ width: 280, marginTop: 8 }} aria-label={t("reach.policies.addShare")} placeholder={t("reach.policies.addShare")} value={null} options={free.map((one) => ({ value: one.name, label: called(one.name) }))} onChange={(name: string | null) => name !== null && put(name, 2)} data-testid="share-add" />
      )}
    </Panel>
  );
}

/** An account that fails again and again is left alone for a while. */
function Breaker({ policy, readOnly, onChange }: Props) {
  const { t } = useText();
  const said = { ...BREAKER, ...object(policy.breaker) };
  const put = (next: Partial<typeof BREAKER>): void => onChange({ ...policy, breaker: { ...said, ...next } });
  return (
    <Panel title={t("reach.policies.breaker")}>
      <p className="op-mute">{t("reach.policies.breakerText")}</p>
      <div className="op-row">
        <span>{t("reach.policies.breakAfter")}</span>
        <InputNumber min={1} max={1000} precision={0} aria-label={t("reach.policies.breakFailures")} readOnly={readOnly} value={Number(said.failures)} onChange={(next) => put({ failures: next ?? BREAKER.failures })} data-testid="breaker-failures" />
        <span>{t("reach.policies.breakFailures")}</span>
        {readOnly ? <span>{String(said.rest)}</span> : <SpanInput label={t("reach.policies.breakRest")} units={["minute", "hour", "day"]} value={String(said.rest)} onChange={(rest) => put({ rest })} />}
      </div>
    </Panel>
  );
}

export function Speed(props: Props) {
  return (
    <div className="op-stack">
      <Pace {...props} />
      <Shares {...props} />
      <Breaker {...props} />
    </div>
  );
}
