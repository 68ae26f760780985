/** Forms of the steps that wait and decide. */
import { Segmented } from "antd";
import { type JsonObject, isObject } from "@/conditions/model";
import { WEEKDAYS } from "@/conditions/operators";
import { freeName } from "@/journeys/operations";
import { useText } from "@/lib/useText";
import { ConditionAt } from "@/pages/tags/factory/Condition";
import { useFactory } from "@/pages/tags/factory/context";
import { textAt, valueAt } from "@/pages/tags/factory/definition";
import { NumberAt, PickAt, PicksAt, Row, SwitchAt, TextAt } from "@/pages/tags/factory/Fields";
import { stepOptions, type Words } from "../words";
import { Cards, ClockAt, EventAt, LongAt, OffsetAt, Optional, SpanAt, TargetAt } from "./parts";

interface Props {
  name: string;
  words: Words;
}

const MODES = ["for", "until", "date", "time"] as const;
type Mode = (typeof MODES)[number];

export function WaitForm({ name, words }: Props) {
  const { t } = useText();
  const { definition, names, set } = useFactory();
  const place = `nodes.${name}`;
  const said = valueAt(definition, place);
  const node: JsonObject = isObject(said) ? said : {};
  const mode: Mode = (["until", "date", "time"] as const).find((one) => one in node) ?? "for";
  const vars = [...new Set(Object.values(isObject(definition.nodes) ? definition.nodes : {}).flatMap((one) => (isObject(one) && typeof one.save === "string" ? [one.save] : [])))];
  const turn = (next: Mode): void => {
    const { for: _, until: __, date: ___, time: ____, weekdays: _____, max: ______, else: other, on_event: _______, ...rest } = node;
    const parts: Record<Mode, JsonObject> = {
      for: { for: "1 day" },
      until: { for: "3 days", until: { did: "" } },
      date: { date: { attribute: "" }, max: "30 days", else: typeof other === "string" ? other : (rest.next ?? "") },
      time: { time: "10:00" },
    };
    set(place, { ...rest, ...parts[next] });
  };
  return (
    <>
      <Row label={t("journey.wait.mode")}>
        <Segmented<Mode> aria-label={t("journey.wait.mode")} block value={mode} options={MODES.map((one) => ({ value: one, label: t(`journey.wait.modes.${one}`) }))} onChange={turn} />
      </Row>
      {mode === "for" && <LongAt place={`${place}.for`} label={t("journey.wait.for")} hint={t("journey.wait.forHint")} />}
      {mode === "until" && (
        <>
          <EventAt place={`${place}.until`} label={t("journey.wait.event")} />
          <LongAt place={`${place}.for`} label={t("journey.wait.timeout")} />
          <TargetAt node={name} edge="on_event" label={t("journey.ways.wait_on_event")} words={words} />
        </>
      )}
      {mode === "date" && (
        <>
          <PickAt place={`${place}.date.attribute`} label={t("journey.wait.attribute")} clear options={names.attributes.filter((one) => one.kind === "date" || one.kind === "time")} />
          {vars.length > 0 && <PickAt place={`${place}.date.var`} label={t("journey.wait.var")} clear options={vars.map((one) => ({ value: one, label: one, search: one }))} />}
          <OffsetAt place={`${place}.date.offset`} label={t("journey.wait.offset")} />
          <ClockAt place={`${place}.date.time`} label={t("journey.atTime")} />
          <Yearly place={`${place}.date.every`} />
          <SpanAt place={`${place}.max`} label={t("journey.wait.max")} fresh="30 days" required />
          <TargetAt node={name} edge="else" label={t("journey.ways.wait_else")} words={words} />
        </>
      )}
      {mode === "time" && (
        <>
          <ClockAt place={`${place}.time`} label={t("journey.wait.time")} />
          <PicksAt place={`${place}.weekdays`} label={t("journey.wait.weekdays")} options={WEEKDAYS.map((one) => ({ value: one, label: t(`weekdays.${one}`), search: one }))} placeholder={t("journey.wait.anyDay")} />
        </>
      )}
      <TargetAt node={name} edge="next" label={t(mode === "until" ? "journey.ways.wait_next" : "journey.ways.next")} words={words} />
    </>
  );
}

/** Whether a date comes back every year. */
export function Yearly({ place }: { place: string }) {
  const { t } = useText();
  const { definition, set } = useFactory();
  const { every } = { every: textAt(definition, place) };
  return (
    <Row label={t("journey.wait.every")}>
      <Segmented
        aria-label={t("journey.wait.every")}
        value={every === "year" ? "year" : "once"}
        options={[
          { value: "once", label: t("journey.wait.once") },
          { value: "year", label: t("journey.wait.yearly") },
        ]}
        onChange={(next) => set(place, next === "year" ? "year" : undefined)}
      />
    </Row>
  );
}

export function BranchForm({ name, words }: Props) {
  const { t } = useText();
  const { definition } = useFactory();
  const place = `nodes.${name}`;
  return (
    <>
      <p className="op-hint">{t("journey.branch.hint")}</p>
      <Cards
        place={`${place}.cases`}
        label={t("journey.branch.cases")}
        fresh={{ when: { all: [] }, next: textAt(definition, `${place}.else`) }}
        least={1}
        addLabel={t("journey.branch.add")}
        name={(i) => t("journey.branch.case", { number: i + 1 })}
        testId="case"
      >
        {(at, i) => (
          <>
            <ConditionAt place={`${at}.when`} />
            <TargetAt node={name} edge={`cases[${i}]`} label={t("journey.branch.next")} words={words} />
          </>
        )}
      </Cards>
      <TargetAt node={name} edge="else" label={t("journey.ways.branch_else")} words={words} />
    </>
  );
}

export function SplitForm({ name, words }: Props) {
  const { t } = useText();
  const { definition } = useFactory();
  const place = `nodes.${name}`;
  const said = valueAt(definition, `${place}.arms`);
  const arms = (Array.isArray(said) ? said : []).flatMap((one) => (isObject(one) && typeof one.name === "string" ? [one.name] : []));
  return (
    <>
      <p className="op-hint">{t("journey.split.hint")}</p>
      <Cards
        place={`${place}.arms`}
        label={t("journey.split.arms")}
        fresh={{ name: freeName(new Set(arms), "arm"), weight: 50, next: textAt(definition, `${place}.arms[0].next`) }}
        least={2}
        most={20}
        addLabel={t("journey.split.add")}
        name={(i) => textAt(definition, `${place}.arms[${i}].name`) || t("journey.split.arm", { number: i + 1 })}
        testId="arm"
      >
        {(at, i) => (
          <>
            <TextAt place={`${at}.name`} label={t("journey.split.name")} />
            <NumberAt place={`${at}.weight`} label={t("journey.split.weight")} min={1} max={10000} />
            <SwitchAt place={`${at}.control`} label={t("journey.split.control")} hint={t("journey.split.controlHint")} />
            <TargetAt node={name} edge={`arms[${i}]`} label={t("journey.ways.next")} words={words} />
          </>
        )}
      </Cards>
      <details className="op-more">
        <summary>{t("journey.more")}</summary>
        <TextAt place={`${place}.salt`} label={t("journey.split.salt")} hint={t("journey.split.saltHint")} code />
      </details>
    </>
  );
}

export function RepeatForm({ name, words }: Props) {
  const { t } = useText();
  const { definition } = useFactory();
  const place = `nodes.${name}`;
  return (
    <>
      <PickAt place={`${place}.back`} label={t("journey.repeat.back")} options={stepOptions(definition, words).filter((one) => one.value !== name)} />
      <NumberAt place={`${place}.max`} label={t("journey.repeat.max")} min={1} max={100} />
      <Optional place={`${place}.while`} label={t("journey.repeat.while")} fresh={{ all: [] }}>
        <ConditionAt place={`${place}.while`} />
      </Optional>
      <TargetAt node={name} edge="next" label={t("journey.repeat.next")} words={words} />
    </>
  );
}
