/** Forms of what holds for the whole journey: goal and exits, policy and experiment, parameters. */
import { useQuery } from "@tanstack/react-query";
import { InputNumber, Input, Select } from "antd";
import { optionsOf, reach } from "@/api/reachable";
import { SpanInput } from "@/conditions/editor/Inputs";
import { isObject } from "@/conditions/model";
import { matches } from "@/conditions/names";
import { parseSpan } from "@/conditions/operators";
import { nodesOf } from "@/journeys/model";
import { useText } from "@/lib/useText";
import { useFactory } from "@/pages/tags/factory/context";
import { numberAt, textAt, valueAt } from "@/pages/tags/factory/definition";
import { ChoiceAt, NumberAt, PickAt, Row, SwitchAt, TextAt } from "@/pages/tags/factory/Fields";
import { useEnding } from "../ends";
import { stepOptions, type Words } from "../words";
import { Cards, ClockAt, type ControlProps, EventAt, Optional, PairsAt, SpanAt } from "./parts";

const ZONES = { from: "attribute.time_zone", default: "Asia/Shanghai" };

export function GoalForm({ words }: { words: Words }) {
  const { t } = useText();
  const ending = useEnding();
  const { definition, names, set } = useFactory();
  return (
    <>
      <Optional place="goal" label={t("journey.goal.title")} fresh={{ did: "order_paid", within: "7 days" }}>
        <EventAt place="goal" label={t("journey.goal.event")} testId="goal-event" />
        <SpanAt place="goal.within" label={t("journey.goal.within")} hint={t("journey.goal.withinHint")} fresh="7 days" />
        <ChoiceAt place="goal.then" label={t("journey.goal.then")} fallback="exit" options={(["exit", "continue"] as const).map((one) => ({ value: one, label: t(`journey.goal.thens.${one}`) }))} />
      </Optional>
      <Cards place="exit" label={t("journey.exit.title")} fresh={{ did: "", as: "left" }} addLabel={t("journey.exit.add")} name={(i) => ending(textAt(definition, `exit[${i}].as`)) || t("journey.exit.one", { number: i + 1 })} testId="exit">
        {(at) => {
          const said = valueAt(definition, at);
          const segment = isObject(said) && "segment_leave" in said;
          return (
            <>
              <Row label={t("journey.exit.kind")}>
                <span className="op-chips">
                  <button type="button" className="op-chip" aria-pressed={!segment} onClick={() => segment && set(at, { did: "", as: textAt(definition, `${at}.as`) })}>
                    {t("journey.exit.event")}
                  </button>
                  <button type="button" className="op-chip" aria-pressed={segment} onClick={() => !segment && set(at, { segment_leave: "", as: textAt(definition, `${at}.as`) })}>
                    {t("journey.exit.segment")}
                  </button>
                </span>
              </Row>
              {segment ? <PickAt place={`${at}.segment_leave`} label={t("journey.start.segment")} options={names.segments} /> : <EventAt place={at} label={t("journey.goal.event")} />}
              <TextAt place={`${at}.as`} label={t("journey.exit.as")} code />
              <PickAt place={`${at}.before`} label={t("journey.exit.before")} clear options={stepOptions(definition, words)} />
            </>
          );
        }}
      </Cards>
    </>
  );
}

/** A share in hundredths, written as a fraction. */
function ShareAt({ place, label, hint }: { place: string; label: string; hint?: string }) {
  const { definition, set } = useFactory();
  const value = numberAt(definition, place);
  return (
    <Row label={label} hint={hint} places={[place]}>
      {(id) => <InputNumber id={id} style={{ width: 120 }} min={0} max={99} suffix="%" value={value === null ? null : Math.round(value * 1000) / 10} onChange={(next) => set(place, next === null || next === 0 ? undefined : Math.round(next * 10) / 1000)} data-testid="holdout" />}
    </Row>
  );
}

/** What a cap counts over. */
function PerAt({ place }: { place: string }) {
  const { t } = useText();
  const { definition, set } = useFactory();
  const said = textAt(definition, place) || "local_day";
  const rolling = said.startsWith("rolling ") ? said.slice("rolling ".length) : "7 days";
  return (
    <>
      <Row label={t("journey.cap.per")}>
        <span className="op-chips">
          <button type="button" className="op-chip" aria-pressed={said === "local_day"} onClick={() => set(place, "local_day")}>
            {t("journey.cap.localDay")}
          </button>
          <button type="button" className="op-chip" aria-pressed={said !== "local_day"} onClick={() => set(place, `rolling ${rolling}`)}>
            {t("journey.cap.rolling")}
          </button>
        </span>
      </Row>
      {said !== "local_day" && (
        <Row label={t("journey.cap.over")} places={[place]}>
          {(id) => <Input id={id} className="op-code" style={{ width: 140 }} value={rolling} onChange={(event) => set(place, `rolling ${event.target.value}`)} />}
        </Row>
      )}
    </>
  );
}

export function PolicyForm() {
  const { t } = useText();
  const { definition } = useFactory();
  return (
    <>
      <div className="op-halves-2">
        <TextAt place="name.zh" label={t("journey.titleZh")} testId="journey-title-zh" />
        <TextAt place="name.en" label={t("journey.titleEn")} />
      </div>
      <TextAt place="note" label={t("journey.describe")} />
      <ChoiceAt place="policy.category" label={t("journey.policy.category")} hint={t("journey.policy.categoryHint")} fallback="promotion" options={(["promotion", "service", "transactional"] as const).map((one) => ({ value: one, label: t(`journey.categories.${one}`) }))} />
      <ShareAt place="experiment.holdout" label={t("journey.experiment.holdout")} hint={t("journey.experiment.holdoutHint")} />
      <SwitchAt place="experiment.respect_global_control" label={t("journey.experiment.control")} fallback />
      <Optional place="policy.quiet" label={t("journey.quiet.title")} fresh={{ from: "22:00", to: "09:00", on_hit: "defer", max_defer: "12 hours" }}>
        <p className="op-hint">{t("journey.quiet.hint")}</p>
        <div className="op-halves-2">
          <ClockAt place="policy.quiet.from" label={t("journey.quiet.from")} />
          <ClockAt place="policy.quiet.to" label={t("journey.quiet.to")} />
        </div>
        <ChoiceAt place="policy.quiet.on_hit" label={t("journey.quiet.onHit")} fallback="defer" options={(["defer", "skip", "ignore"] as const).map((one) => ({ value: one, label: t(`journey.onHit.${one}`) }))} />
        <SpanAt place="policy.quiet.max_defer" label={t("journey.quiet.maxDefer")} fresh="12 hours" />
      </Optional>
      <Cards place="policy.caps" label={t("journey.cap.title")} fresh={{ count: 1, per: "local_day", scope: "journey" }} addLabel={t("journey.cap.add")} name={(i) => t("journey.cap.one", { count: numberAt(definition, `policy.caps[${i}].count`) ?? 0 })} testId="cap">
        {(at) => (
          <>
            <NumberAt place={`${at}.count`} label={t("journey.cap.count")} min={1} max={10000} />
            <PerAt place={`${at}.per`} />
            <ChoiceAt place={`${at}.scope`} label={t("journey.cap.scope")} options={(["journey", "category", "channel", "all"] as const).map((one) => ({ value: one, label: t(`journey.cap.scopes.${one}`) }))} />
            <ChoiceAt place={`${at}.on_hit`} label={t("journey.cap.onHit")} fallback="skip" options={(["skip", "defer"] as const).map((one) => ({ value: one, label: t(`journey.onHit.${one}`) }))} />
          </>
        )}
      </Cards>
      <SpanAt place="policy.expire_after" label={t("journey.policy.expireAfter")} hint={t("journey.policy.expireHint")} fresh="24 hours" />
      <SpanAt place="max_life" label={t("journey.maxLife")} hint={t("journey.maxLifeHint")} required fresh="30 days" />
      <details className="op-more">
        <summary>{t("journey.more")}</summary>
        <div className="op-form">
          <TextAt place="folder" label={t("journey.folder")} hint={t("journey.folderHint")} />
          <TextAt place="group" label={t("journey.group")} hint={t("journey.groupHint")} code />
          <TextAt place="policy.purpose" label={t("journey.policy.purpose")} hint={t("journey.policy.purposeHint")} code />
          <TextAt place="experiment.salt" label={t("journey.split.salt")} hint={t("journey.split.saltHint")} code />
          <TextAt place="zone.from" label={t("journey.zone.from")} placeholder={ZONES.from} code />
          <TextAt place="zone.default" label={t("journey.zone.default")} placeholder={ZONES.default} code />
        </div>
      </details>
    </>
  );
}

/** A parameter by what its value is: a length of time, a list of words, a batch of coupons where one is given out by it; else text. */
function ParamValue({ name, label, value, onChange, children }: ControlProps) {
  const { language } = useText();
  const { definition } = useFactory();
  const gives = [...nodesOf(definition).values()].some((node) => node.batch === `$params.${name}`);
  const coupons = useQuery({ ...reach.coupons(), enabled: gives }).data;
  if (gives && coupons !== undefined && typeof value === "string") {
    const known = optionsOf(coupons, language);
    return <Select aria-label={label} showSearch={{ filterOption: matches }} value={value} options={known.some((one) => one.value === value) ? known : [{ value, label: value, search: value }, ...known]} onChange={(next: string) => onChange(next)} />;
  }
  if (typeof value === "string" && parseSpan(value) !== null) return <SpanInput label={label} value={value} onChange={onChange} />;
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return <Select aria-label={label} mode="tags" tokenSeparators={[",", "\uff0c", " "]} value={value} onChange={(next: string[]) => onChange(next)} />;
  return children;
}

export function ParamsForm() {
  const { t } = useText();
  return <PairsAt place="params" label={t("journey.params")} keyLabel={t("journey.paramName")} valueLabel={t("journey.value")} hint={t("journey.paramsHint")} Control={ParamValue} />;
}
