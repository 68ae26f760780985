/** Attribute, import, first or last, metric. */
import { Segmented } from "antd";
import { lazy, Suspense } from "react";
import { isObject } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { Waiting } from "@/parts/Loaded";
import { useFactory } from "../context";
import { textsAt, valueAt } from "../definition";
import { ChoiceAt, PickAt, Row, WindowAt } from "../Fields";
import { FieldAt, SourceAt } from "../Source";
import { CutAt } from "./Cut";
import { FigureAt } from "./Figure";

const MapAt = lazy(() => import("./MapTable").then((module) => ({ default: module.MapAt })));

export function AttributeForm() {
  const { t } = useText();
  const { names } = useFactory();
  return (
    <>
      <PickAt place="from.attribute" label={t("factory.attribute")} options={names.attributes} placeholder={t("editor.chooseAttribute")} testId="tag-attribute" />
      <Suspense fallback={<Waiting rows={3} />}>
        <MapAt />
      </Suspense>
    </>
  );
}

export function ImportForm() {
  const { t } = useText();
  return (
    <>
      <ChoiceAt place="type" label={t("factory.valueType")} fallback="text" options={(["text", "number"] as const).map((value) => ({ value, label: t(`factory.types.${value}`) }))} />
      <ChoiceAt place="mode" label={t("factory.importMode")} fallback="append" hint={t("factory.importHint")} options={(["append", "overwrite"] as const).map((value) => ({ value, label: t(`factory.importModes.${value}`) }))} />
    </>
  );
}

export function FirstLastForm() {
  const { t } = useText();
  const { definition } = useFactory();
  const events = textsAt(definition, "from.did");
  return (
    <>
      <ChoiceAt place="take" label={t("factory.take")} options={(["first", "last"] as const).map((value) => ({ value, label: t(`factory.takes.${value}`) }))} />
      <SourceAt place="from" many />
      <FieldAt place="from.field" events={events} label={t("factory.fieldTaken")} testId="tag-field" />
      <WindowAt place="within" />
    </>
  );
}

export function MetricForm() {
  const { t } = useText();
  const { definition, set } = useFactory();
  const ratio = isObject(valueAt(definition, "over"));
  return (
    <>
      <FigureAt place="from" label={ratio ? t("factory.above") : undefined} />
      <Row label={t("factory.ratio")} hint={ratio ? undefined : t("factory.ratioHint")}>
        <Segmented
          aria-label={t("factory.ratio")}
          value={ratio ? "ratio" : "one"}
          onChange={(next) => set("over", next === "ratio" ? { did: textsAt(definition, "from.did")[0] ?? "order_paid", times: true } : undefined)}
          options={[
            { value: "one", label: t("factory.oneFigure") },
            { value: "ratio", label: t("factory.twoFigures") },
          ]}
        />
      </Row>
      {ratio && <FigureAt place="over" label={t("factory.below")} />}
      <WindowAt place="within" />
      <CutAt />
    </>
  );
}
