/** Tags that a model learns: lifetime value, a classifier, lookalikes, clusters. */
import { InputNumber, Switch } from "antd";
import { isObject, type Json } from "@/conditions/model";
import type { Option } from "@/conditions/names";
import { useText } from "@/lib/useText";
import { ConditionAt } from "../Condition";
import { useFactory } from "../context";
import { modelOf, textAt, textsAt, valueAt } from "../definition";
import { ChoiceAt, NumberAt, PickAt, PicksAt, Row, SpanAt, WindowAt } from "../Fields";
import { FieldAt, SourceAt } from "../Source";
import { More } from "../More";
import { CutAt } from "./Cut";

/** A condition that may be left out. */
function OptionalCondition({ place, label, hint, off }: { place: string; label: string; hint?: string; off: string }) {
  const { definition, set } = useFactory();
  const on = isObject(valueAt(definition, place));
  return (
    <Row label={label} hint={hint} places={[place]} inner={on ? [place] : []} wide>
      <span className="op-row" style={{ marginBottom: on ? 8 : 0 }}>
        <Switch checked={on} aria-label={label} onChange={(next) => set(place, next ? {} : undefined)} />
        {!on && <span className="op-mute">{off}</span>}
      </span>
      {on && <ConditionAt place={place} />}
    </Row>
  );
}

function Features() {
  const { t } = useText();
  const { names } = useFactory();
  return (
    <>
      <PicksAt place="features.events" label={t("factory.features")} placeholder={t("factory.featuresAll")} hint={t("factory.featuresHint")} options={names.events} />
      <PicksAt place="features.without" label={t("factory.without")} hint={t("factory.withoutHint")} options={NONE} free />
    </>
  );
}

const NONE: Option[] = [];
const FITS = ["auto", "bg_nbd", "mbg_nbd", "pareto_nbd", "bg_bb"] as const;

function ClvForm() {
  const { t } = useText();
  const { definition, change } = useFactory();
  const events = textsAt(definition, "from.did");
  const fit = textAt(definition, "fit") || "auto";
  const setFit = (next: string): void =>
    change((before) => {
      const { period, fit: _, ...rest } = before;
      return { ...rest, ...(next === "auto" ? {} : { fit: next }), ...(next === "bg_bb" ? { period: period ?? "7 days" } : {}) };
    });
  return (
    <>
      <SourceAt place="from" label={t("factory.purchase")} />
      <ChoiceAt place="predict" label={t("factory.predict")} fallback="money" options={(["money", "purchases", "alive"] as const).map((value) => ({ value, label: t(`factory.predicts.${value}`) }))} />
      {(textAt(definition, "predict") || "money") === "money" && <FieldAt place="from.sum" events={events} label={t("factory.amount")} fits={(one) => one.kind === "number" || one.kind === "money"} />}
      <SpanAt place="horizon" label={t("factory.horizon")} hint={t("factory.horizonHint")} fresh="180 days" required />
      <WindowAt place="within" hint={t("factory.clvWithin")} />
      <CutAt />
      <More>
        <PickAt place="fit" label={t("factory.fit")} hint={t(`factory.fitHints.${fit as "auto"}`, { defaultValue: "" })} options={FITS.map((value) => ({ value, label: t(`factory.fits.${value}`), search: value }))} placeholder={t("factory.fits.auto")} onPick={setFit} />
        {fit === "bg_bb" && <SpanAt place="period" label={t("factory.period")} fresh="7 days" required />}
        <NumberAt place="discount" label={t("factory.discount")} hint={t("factory.discountHint")} min={0} max={1} step={0.01} fallback={0.1} />
        <NumberAt place="minimum.repeat_buyers" label={t("factory.minBuyers")} hint={t("factory.minimumHint")} min={20} fallback={200} />
        <NumberAt place="random_seed" label={t("factory.seed")} min={0} fallback={1} />
      </More>
    </>
  );
}

function ClassifierForm() {
  const { t } = useText();
  return (
    <>
      <Row label={t("factory.target")} hint={t("factory.targetHint")} places={["target"]} inner={["target"]} wide>
        <ConditionAt place="target" />
      </Row>
      <SpanAt place="ahead" label={t("factory.ahead")} hint={t("factory.aheadHint")} fresh="30 days" required />
      <OptionalCondition place="among" label={t("factory.among")} off={t("factory.amongAll")} hint={t("factory.amongHint")} />
      <CutAt />
      <More>
        <Features />
        <NumberAt place="cut_offs" label={t("factory.cutOffs")} hint={t("factory.cutOffsHint")} min={3} max={24} fallback={4} />
        <NumberAt place="minimum.auc" label={t("factory.minAuc")} hint={t("factory.minimumHint")} min={0.5} max={0.99} step={0.01} fallback={0.65} />
        <NumberAt place="minimum.positives" label={t("factory.minPositives")} min={20} fallback={100} />
        <NumberAt place="random_seed" label={t("factory.seed")} min={0} fallback={1} />
      </More>
    </>
  );
}

function LookalikeForm() {
  const { t } = useText();
  return (
    <>
      <Row label={t("factory.like")} hint={t("factory.likeHint")} places={["like"]} inner={["like"]} wide>
        <ConditionAt place="like" />
      </Row>
      <OptionalCondition place="among" label={t("factory.among")} off={t("factory.amongAll")} />
      <CutAt />
      <More>
        <Features />
        <NumberAt place="minimum.seeds" label={t("factory.minSeeds")} hint={t("factory.minimumHint")} min={20} fallback={50} />
        <NumberAt place="random_seed" label={t("factory.seed")} min={0} fallback={1} />
      </More>
    </>
  );
}

function Clusters() {
  const { t } = useText();
  const { definition, set } = useFactory();
  const said = valueAt(definition, "clusters");
  const [low, high] = Array.isArray(said) ? said : [said ?? 2, said ?? 8];
  const side = (value: Json | undefined, index: 0 | 1, label: string) => (
    <InputNumber style={{ width: 90 }} min={2} max={12} aria-label={label} value={typeof value === "number" ? value : null} onChange={(next) => set("clusters", index === 0 ? [next ?? 2, high ?? 8] : [low ?? 2, next ?? 8])} />
  );
  return (
    <Row label={t("factory.clusters")} hint={t("factory.clustersHint")} places={["clusters"]}>
      <span className="op-row">
        {side(low, 0, t("factory.clustersLeast"))} – {side(high, 1, t("factory.clustersMost"))}
      </span>
    </Row>
  );
}

function ClusterForm() {
  const { t } = useText();
  return (
    <>
      <WindowAt place="within" hint={t("factory.clusterWithin")} />
      <Clusters />
      <OptionalCondition place="among" label={t("factory.among")} off={t("factory.amongAll")} />
      <More>
        <Features />
        <NumberAt place="minimum.customers" label={t("factory.minCustomers")} hint={t("factory.minimumHint")} min={50} fallback={200} />
        <NumberAt place="random_seed" label={t("factory.seed")} min={0} fallback={1} />
      </More>
    </>
  );
}

const FORMS = { clv: ClvForm, classifier: ClassifierForm, lookalike: LookalikeForm, cluster: ClusterForm };

export function LearnedForm() {
  const { t } = useText();
  const { definition } = useFactory();
  const model = modelOf(definition);
  if (model === null) return <p className="op-mute">{t("factory.modelUnknown")}</p>;
  const Form = FORMS[model];
  return <Form />;
}
