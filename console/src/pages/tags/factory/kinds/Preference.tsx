import { InputNumber } from "antd";
import { isObject } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { useFactory } from "../context";
import { numberAt, textAt, textsAt, valueAt } from "../definition";
import { ChoiceAt, NumberAt, Row, SpanAt, WindowAt } from "../Fields";
import { FieldAt, SourceAt } from "../Source";

function Weights({ events }: { events: string[] }) {
  const { t } = useText();
  const { definition, names, set } = useFactory();
  return (
    <Row label={t("factory.weights")} places={["from.weights"]} hint={t("factory.weightsHint")}>
      <div className="op-row">
        {events.map((event) => {
          const label = names.events.find((one) => one.value === event)?.label ?? event;
          return (
            <label key={event} className="op-row">
              <span>{label}</span>
              <InputNumber
                style={{ width: 80 }}
                min={0.01}
                value={numberAt(definition, `from.weights.${event}`) ?? 1}
                onChange={(next) => {
                  const said = valueAt(definition, "from.weights");
                  set("from.weights", { ...(isObject(said) ? said : {}), [event]: next ?? 1 });
                }}
              />
            </label>
          );
        })}
      </div>
    </Row>
  );
}

export function PreferenceForm() {
  const { t } = useText();
  const { definition, set } = useFactory();
  const events = textsAt(definition, "from.did");
  const sum = textAt(definition, "score") === "sum";
  const numeric = (kind: string): boolean => kind === "number" || kind === "money";
  return (
    <>
      <SourceAt place="from" many />
      {events.length > 1 && <Weights events={events} />}
      <FieldAt place="from.field" events={events} label={t("factory.preferred")} hint={t("factory.preferredHint")} fits={(one) => one.kind === "text"} testId="tag-field" />
      <WindowAt place="within" />
      <SpanAt place="half_life" label={t("factory.halfLife")} hint={t("factory.halfLifeHint")} fresh="60 days" />
      <ChoiceAt place="score" label={t("factory.score")} hint={t("factory.scoreHint")} fallback="count" options={(["count", "sum", "lift"] as const).map((value) => ({ value, label: t(`factory.scores.${value}`) }))} />
      {(sum || valueAt(definition, "from.of") !== undefined) && <FieldAt place="from.of" events={events} label={t("factory.sumOf")} fits={(one) => numeric(one.kind)} />}
      {!sum && valueAt(definition, "from.of") !== undefined && (
        <button type="button" className="op-cell" onClick={() => set("from.of", undefined)}>
          {t("factory.leaveOut")}
        </button>
      )}
      <NumberAt place="top" label={t("factory.top")} min={1} max={20} fallback={1} />
      <NumberAt place="min_events" label={t("factory.minEvents")} min={1} max={1000} fallback={1} hint={t("factory.minEventsHint")} />
    </>
  );
}
