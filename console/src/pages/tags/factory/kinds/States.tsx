import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined, DownOutlined, PlusOutlined, RightOutlined } from "@ant-design/icons";
import { Button, Input, Segmented } from "antd";
import { useState } from "react";
import { isObject, type Json, newId } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { ConditionAt } from "../Condition";
import { problemsAt, useFactory } from "../context";
import { textAt, textsAt, valueAt } from "../definition";
import { ChoiceAt, NumberAt, Row, TextAt } from "../Fields";
import { Problems } from "../Problems";
import { SourceAt } from "../Source";

/** Silence that is long for customers of this brand, or for this one: days since the last such event. */
function Quiet({ place }: { place: string }) {
  const { t } = useText();
  const { definition } = useFactory();
  const own = textAt(definition, `${place}.of`) === "own";
  return (
    <div className="op-form">
      <SourceAt place={place} label={t("factory.quietEvent")} />
      <NumberAt place={`${place}.percentile`} label={t("factory.percentile")} min={1} max={99} hint={t("factory.percentileHint")} />
      <ChoiceAt place={`${place}.of`} label={t("factory.quietOf")} fallback="all" options={(["all", "own"] as const).map((value) => ({ value, label: t(`factory.quiets.${value}`) }))} />
      {own && <NumberAt place={`${place}.min_intervals`} label={t("factory.minIntervals")} min={1} max={100} fallback={3} />}
    </div>
  );
}

function RuleView({ index, count, open, onOpen, onMove, onRemove }: { index: number; count: number; open: boolean; onOpen: () => void; onMove: (by: number) => void; onRemove: () => void }) {
  const { t } = useText();
  const { definition, problems, warnings, set } = useFactory();
  const place = `states[${index}]`;
  const value = textAt(definition, `${place}.value`);
  const quiet = isObject(valueAt(definition, `${place}.quiet`));
  const wrong = problemsAt(problems, place);
  const swap = (to: "when" | "quiet"): void => {
    const rule = valueAt(definition, place);
    const { when: _, quiet: __, ...rest } = isObject(rule) ? rule : {};
    set(place, to === "when" ? { ...rest, when: {} } : { ...rest, quiet: { did: textsAt(definition, `${place}.when.did`)[0] ?? "order_paid", percentile: 75 } });
  };
  return (
    <li className="op-rule" data-problem={wrong.length > 0} data-testid={`state-${index}`}>
      <div className="op-row">
        <Button type="text" size="small" icon={open ? <DownOutlined /> : <RightOutlined />} aria-expanded={open} aria-label={t("factory.ruleOf", { value })} onClick={onOpen} />
        <span className="op-num op-mute">{index + 1}</span>
        <ValueName value={value} label={t("factory.stateValue", { number: index + 1 })} onChange={(next) => set(`${place}.value`, next)} />
        <span className="op-end" style={{ marginLeft: "auto" }}>
          <Button type="text" size="small" icon={<ArrowUpOutlined />} aria-label={t("factory.moveUp", { value })} disabled={index === 0} onClick={() => onMove(-1)} />
          <Button type="text" size="small" icon={<ArrowDownOutlined />} aria-label={t("factory.moveDown", { value })} disabled={index === count - 1} onClick={() => onMove(1)} />
          <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t("factory.ruleAway", { value })} disabled={count === 1} onClick={onRemove} />
        </span>
      </div>
      {open ? (
        <div className="op-rule-body">
          <Segmented
            size="small"
            aria-label={t("factory.ruleBy")}
            value={quiet ? "quiet" : "when"}
            onChange={swap}
            options={[
              { value: "when", label: t("factory.byCondition") },
              { value: "quiet", label: t("factory.byQuiet") },
            ]}
            style={{ marginBottom: 8 }}
          />
          {quiet ? <Quiet place={`${place}.quiet`} /> : <ConditionAt place={`${place}.when`} />}
          <Problems list={problemsAt(problems, place, [`${place}.when`, `${place}.quiet`])} />
        </div>
      ) : (
        <Problems list={wrong} doubts={problemsAt(warnings, place)} />
      )}
    </li>
  );
}

function ValueName({ value, label, onChange }: { value: string; label: string; onChange: (value: string) => void }) {
  const { t } = useText();
  return <Input style={{ width: 240 }} aria-label={label} placeholder={t("factory.valueName")} value={value} onChange={(event) => onChange(event.target.value)} />;
}

/** Ordered rules: the first that holds gives the value. */
export function StatesForm() {
  const { t } = useText();
  const { definition, set } = useFactory();
  const said = valueAt(definition, "states");
  const states: Json[] = Array.isArray(said) ? said : [];
  // A rule has no id in the definition; here it has one, so that it stays open when it is moved.
  const [given, setGiven] = useState<string[]>(() => states.map(newId));
  // Undo and the text may bring rules that have none yet.
  const ids = states.map((_, i) => given[i] ?? `rule${i}`);
  const [open, setOpen] = useState<string | null>(ids[0] ?? null);
  const write = (next: Json[], order: string[]): void => {
    setGiven(order);
    set("states", next);
  };
  const move = (index: number, by: number): void => {
    const [rules, order] = [[...states], [...ids]];
    const [[rule], [id]] = [rules.splice(index, 1), order.splice(index, 1)];
    if (rule === undefined || id === undefined) return;
    rules.splice(index + by, 0, rule);
    order.splice(index + by, 0, id);
    write(rules, order);
  };
  return (
    <>
      <Row label={t("factory.states")} hint={t("factory.statesHint")} places={["states"]} inner={states.map((_, i) => `states[${i}]`)} wide>
        <ol className="op-rules">
          {states.map((_, i) => {
            const id = ids[i] ?? "";
            return (
              <RuleView
                key={id}
                index={i}
                count={states.length}
                open={open === id}
                onOpen={() => setOpen(open === id ? null : id)}
                onMove={(by) => move(i, by)}
                onRemove={() =>
                  write(
                    states.filter((_, k) => k !== i),
                    ids.filter((_, k) => k !== i),
                  )
                }
              />
            );
          })}
        </ol>
        <Button
          size="small"
          icon={<PlusOutlined />}
          disabled={states.length >= 50}
          onClick={() => {
            const id = newId();
            write([...states, { value: "", when: {} }], [...ids, id]);
            setOpen(id);
          }}
          data-testid="state-add"
        >
          {t("factory.addState")}
        </Button>
      </Row>
      <TextAt place="otherwise" label={t("factory.otherwise")} hint={t("factory.stateOtherwise")} width={240} testId="state-otherwise" />
    </>
  );
}
