/** Forms of the steps that do something. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { AutoComplete } from "antd";
import { journeys } from "@/api/journeys";
import { optionsOf, reach } from "@/api/reachable";
import { lent } from "@/journeys/model";
import { useText } from "@/lib/useText";
import { ConditionAt } from "@/pages/tags/factory/Condition";
import { useFactory } from "@/pages/tags/factory/context";
import { textAt } from "@/pages/tags/factory/definition";
import { PickAt, Row, SwitchAt, TextAt } from "@/pages/tags/factory/Fields";
import type { Words } from "../words";
import { Optional, PairsAt, SpanAt, TargetAt } from "./parts";

const OWNER = "owner";

interface Props {
  name: string;
  words: Words;
}

export function CouponForm({ name, words }: Props) {
  const { t, language } = useText();
  const { definition } = useFactory();
  const coupons = useQuery(reach.coupons()).data;
  const place = `nodes.${name}`;
  const params = lent(definition).params.map((one) => ({ value: `$params.${one}`, label: t("journey.param", { name: one }), search: one }));
  const said = textAt(definition, `${place}.batch`);
  const named = said.startsWith("$params.") ? textAt(definition, said.slice(1)) : said;
  const batch = coupons?.find((one) => one.name === named);
  return (
    <>
      <PickAt
        place={`${place}.batch`}
        label={t("journey.coupon.batch")}
        hint={
          batch !== undefined && (
            <Link to="/coupons/$name" params={{ name: batch.name }} target="_blank">
              {t("journey.coupon.open")}
            </Link>
          )
        }
        options={[...optionsOf(coupons, language), ...params]} testId="coupon-batch" />
      <TextAt place={`${place}.save`} label={t("journey.coupon.save")} hint={t("journey.coupon.saveHint")} code />
      <TargetAt node={name} edge="next" label={t("journey.ways.issue_coupon_next")} words={words} />
      <TargetAt node={name} edge="else" label={t("journey.ways.issue_coupon_else")} words={words} />
      <Optional place={`${place}.guard`} label={t("journey.coupon.guard")} fresh={{ all: [] }}>
        <ConditionAt place={`${place}.guard`} />
      </Optional>
      <Optional place={`${place}.fresh`} label={t("journey.fresh.title")} fresh={{ identity: "10 minutes", max: "6 hours" }}>
        <p className="op-hint">{t("journey.fresh.hint")}</p>
        <SpanAt place={`${place}.fresh.identity`} label={t("journey.fresh.identity")} required />
        <SpanAt place={`${place}.fresh.max`} label={t("journey.fresh.max")} />
      </Optional>
    </>
  );
}

export function ProfileForm({ name, words }: Props) {
  const { t } = useText();
  const { names } = useFactory();
  return (
    <>
      <PairsAt place={`nodes.${name}.set`} label={t("journey.profile.set")} keyLabel={t("journey.profile.attribute")} valueLabel={t("journey.value")} keys={names.attributes} hint={t("journey.profile.hint")} />
      <TargetAt node={name} edge="next" label={t("journey.ways.next")} words={words} />
    </>
  );
}

export function TagForm({ name, words }: Props) {
  const { t } = useText();
  const { names } = useFactory();
  return (
    <>
      <PairsAt place={`nodes.${name}.set`} label={t("journey.tag.set")} keyLabel={t("journey.tag.tag")} valueLabel={t("journey.value")} keys={names.tags} hint={t("journey.tag.hint")} />
      <TargetAt node={name} edge="next" label={t("journey.ways.next")} words={words} />
    </>
  );
}

export function TaskForm({ name, words }: Props) {
  const { t } = useText();
  const place = `nodes.${name}`;
  return (
    <>
      <TextAt place={`${place}.title`} label={t("journey.task.title")} />
      <TextAt place={`${place}.body`} label={t("journey.task.body")} />
      <TextAt place={`${place}.staff`} label={t("journey.staff")} hint={t("journey.staffHint")} placeholder={OWNER} code />
      <SpanAt place={`${place}.within`} label={t("journey.task.within")} fresh="24 hours" required />
      <TargetAt node={name} edge="next" label={t("journey.ways.task_next")} words={words} />
      <TargetAt node={name} edge="else" label={t("journey.ways.task_else")} words={words} />
    </>
  );
}

const TYPES = ["text", "number", "boolean"] as const;

export function WebhookForm({ name, words }: Props) {
  const { t } = useText();
  const { names } = useFactory();
  const place = `nodes.${name}`;
  return (
    <>
      <PickAt place={`${place}.touchpoint`} label={t("journey.webhook.touchpoint")} options={names.touchpoints} />
      <PairsAt place={`${place}.body`} label={t("journey.webhook.body")} keyLabel={t("journey.webhook.member")} valueLabel={t("journey.value")} hint={t("journey.webhook.bodyHint")} />
      <PairsAt place={`${place}.save`} label={t("journey.webhook.save")} keyLabel={t("journey.webhook.member")} valueLabel={t("journey.webhook.type")} values={TYPES.map((one) => ({ value: one, label: t(`journey.types.${one}`), search: one }))} />
      <TargetAt node={name} edge="next" label={t("journey.ways.webhook_next")} words={words} />
      <TargetAt node={name} edge="else" label={t("journey.ways.webhook_else")} words={words} />
    </>
  );
}

export function CallForm({ name, words }: Props) {
  const { t, language } = useText();
  const { definition } = useFactory();
  const others = useQuery(journeys.list()).data?.items.filter((one) => one.name !== definition.journey);
  const place = `nodes.${name}`;
  return (
    <>
      <PickAt place={`${place}.journey`} label={t("journey.call.journey")} options={optionsOf(others, language)} />
      <SwitchAt place={`${place}.wait`} label={t("journey.call.wait")} fallback />
      <TargetAt node={name} edge="next" label={t("journey.ways.next")} words={words} />
    </>
  );
}

const ENDS = ["completed", "goal", "unreachable", "coupon_unavailable", "declined", "friend", "not_added", "no_coupon"] as const;

export function EndForm({ name }: { name: string }) {
  const { t } = useText();
  const { definition, set } = useFactory();
  const place = `nodes.${name}.as`;
  return (
    <Row label={t("journey.end.as")} hint={t("journey.end.hint")} places={[place]}>
      {(id) => <AutoComplete id={id} style={{ width: "100%" }} value={textAt(definition, place)} options={ENDS.map((one) => ({ value: one, label: `${one} · ${t(`journey.ends.${one}`)}` }))} onChange={(next: string | undefined) => set(place, next ?? "")} />}
    </Row>
  );
}
