import { Input, InputNumber, Segmented } from "antd";
import { useId } from "react";
import { isObject, type JsonObject } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { useFactory } from "../context";
import { textAt, textsAt, valueAt } from "../definition";
import { ChoiceAt, Row, WindowAt } from "../Fields";
import { FieldAt, SourceAt } from "../Source";

const SIDES = ["recency", "frequency", "monetary"] as const;
const FRESH = { recency: [30, 60, 90, 180], frequency: [2, 3, 5, 10], monetary: [200, 500, 1000, 3000] };
/** R, F and M, each low (1) or high (2), in the order in which the field lists them. */
const CELLS = ["222", "122", "212", "112", "221", "121", "211", "111"] as const;

function Points({ cells }: { cells: number }) {
  const { t } = useText();
  const { definition, set } = useFactory();
  const many = cells === 125 ? 4 : 1;
  return (
    <Row label={t("factory.points")} places={["at"]} hint={t("factory.pointsHint")} wide>
      {SIDES.map((side) => {
        const said = valueAt(definition, `at.${side}`);
        const points = Array.isArray(said) ? said : said === undefined ? [] : [said];
        return (
          <div key={side} className="op-row" style={{ marginBottom: 6 }}>
            <span style={{ width: 110 }}>{t(`factory.rfmSides.${side}`)}</span>
            {Array.from({ length: many }, (_, i) => (
              <InputNumber
                key={i}
                style={{ width: 100 }}
                min={0}
                aria-label={`${t(`factory.rfmSides.${side}`)} ${i + 1}`}
                value={typeof points[i] === "number" ? points[i] : null}
                onChange={(next) =>
                  set(
                    `at.${side}`,
                    Array.from({ length: many }, (__, k) => (k === i ? next : (points[k] ?? null))),
                  )
                }
              />
            ))}
          </div>
        );
      })}
    </Row>
  );
}

/** The names of the eight cells; those that are not named have the field's usual names. */
function Labels() {
  const { t } = useText();
  const { definition, set } = useFactory();
  const id = useId();
  const said = valueAt(definition, "labels");
  const labels: JsonObject = isObject(said) ? said : {};
  return (
    <Row label={t("factory.cellNames")} places={["labels"]} hint={t("factory.cellNamesHint")} wide>
      <div className="op-cells">
        {CELLS.map((cell) => (
          <div key={cell}>
            <label htmlFor={`${id}${cell}`} className="op-mute">
              {SIDES.map((side, i) => t(cell[i] === "2" ? "factory.cellHigh" : "factory.cellLow", { side: side[0]?.toUpperCase() })).join(" ")}
            </label>
            <Input
              id={`${id}${cell}`}
              placeholder={t(`factory.cellUsual.${cell}`)}
              value={textAt(definition, `labels.${cell}`)}
              onChange={(event) => {
                const { [cell]: _, ...others } = labels;
                const next = event.target.value === "" ? others : { ...labels, [cell]: event.target.value };
                set("labels", Object.keys(next).length === 0 ? undefined : next);
              }}
            />
          </div>
        ))}
      </div>
    </Row>
  );
}

export function RfmForm() {
  const { t } = useText();
  const { definition, change } = useFactory();
  const events = textsAt(definition, "from.did");
  const by = textAt(definition, "by") || "mean";
  const cells = valueAt(definition, "cells") === 125 ? 125 : 8;
  const points = (many: number): JsonObject => Object.fromEntries(SIDES.map((side) => [side, many === 1 ? [FRESH[side][0] ?? 0] : FRESH[side]]));
  const settle = (nextBy: string, nextCells: number): void =>
    change((before) => {
      const { at, labels, by: _, cells: __, ...rest } = before;
      // A mean makes two parts only; labels and points are of so many cells.
      const split = nextCells === 125 && nextBy === "mean" ? "rank" : nextBy;
      const kept = nextCells === cells;
      return {
        ...rest,
        ...(split === "mean" ? {} : { by: split }),
        ...(nextCells === 8 ? {} : { cells: nextCells }),
        ...(split === "value" ? { at: kept && isObject(at) ? at : points(nextCells === 125 ? 4 : 1) } : {}),
        ...(kept && labels !== undefined ? { labels } : {}),
      };
    });
  return (
    <>
      <SourceAt place="from" label={t("factory.purchase")} />
      <FieldAt place="from.sum" events={events} label={t("factory.amount")} fits={(one) => one.kind === "number" || one.kind === "money"} testId="tag-amount" />
      <WindowAt place="within" />
      <ChoiceAt place="frequency" label={t("factory.frequency")} fallback="times" options={(["times", "days"] as const).map((value) => ({ value, label: t(`figures.${value}`) }))} />
      <Row label={t("factory.cells")} places={["cells"]}>
        <Choice value={String(cells)} options={(["8", "125"] as const).map((value) => ({ value, label: t(`factory.cellCounts.${value}`) }))} label={t("factory.cells")} onChange={(next) => settle(by, Number(next))} />
      </Row>
      <Row label={t("factory.splitBy")} places={["by"]} hint={t(`factory.splitHints.${by as "mean"}`, { defaultValue: "" })}>
        <Choice value={by} options={(["mean", "rank", "value"] as const).map((value) => ({ value, label: t(`factory.splits.${value}`), disabled: value === "mean" && cells === 125 }))} label={t("factory.splitBy")} onChange={(next) => settle(next, cells)} />
      </Row>
      {by === "value" && <Points cells={cells} />}
      {cells === 8 && <Labels />}
    </>
  );
}

function Choice({ value, options, label, onChange }: { value: string; options: { value: string; label: string; disabled?: boolean }[]; label: string; onChange: (value: string) => void }) {
  return <Segmented aria-label={label} value={value} options={options} onChange={onChange} />;
}
