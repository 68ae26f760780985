import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { optionsOf, reach } from "@/api/reachable";
import { touchpoints } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { ConditionAt } from "@/pages/tags/factory/Condition";
import { useFactory } from "@/pages/tags/factory/context";
import { textAt } from "@/pages/tags/factory/definition";
import { ChoiceAt, NumberAt, PickAt, PicksAt, TextAt } from "@/pages/tags/factory/Fields";
import { REASONS, RETRIED } from "../reasons";
import type { Words } from "../words";
import { Cards, Optional, SpanAt, TargetAt } from "./parts";

const OWNER = "owner";

/** One way to reach the customer. */
function Hop({ place, message }: { place: string; message: string }) {
  const { t, title } = useText();
  const { definition, names } = useFactory();
  const channel = textAt(definition, `${place}.channel`);
  const channels = useQuery(touchpoints.channels()).data?.items;
  const listed = useQuery({ ...reach.contents(message), enabled: /^\w+$/.test(message) }).data;
  const kinds = channels?.find((one) => one.name === channel)?.messages ?? [];
  const contents = listed?.filter((one) => one.channel === channel) ?? [];
  const kind = kinds.find((one) => one.name === textAt(definition, `${place}.kind`));
  const staffed = channel === "wecom" || kind?.also?.includes("staff_id") === true;
  const option = (value: string, label: string) => ({ value, label, search: `${value} ${label}`.toLowerCase() });
  return (
    <>
      <PickAt place={`${place}.channel`} label={t("journey.hop.channel")} options={names.reachChannels} testId="hop-channel" />
      {kinds.length > 1 && <PickAt place={`${place}.kind`} label={t("journey.hop.kind")} clear options={kinds.map((one) => option(one.name, title(one.title, one.name)))} placeholder={t("journey.hop.kindAny")} />}
      <PickAt place={`${place}.template`} label={t("journey.hop.template")} clear options={contents.map((one) => option(one.template, [...new Set([title(one.title, one.template), one.template])].join(" · ")))} placeholder={t("journey.hop.templateAny")} />
      <PicksAt place={`${place}.next_on`} label={t("journey.hop.nextOn")} hint={t("journey.hop.nextOnHint")} options={REASONS.map((one) => option(one, t(`journey.reasons.${one}`)))} testId="hop-next-on" />
      <details className="op-more">
        <summary>{t("journey.more")}</summary>
        <div className="op-form">
          <ChoiceAt place={`${place}.unknown`} label={t("journey.hop.unknown")} hint={t("journey.hop.unknownHint")} fallback="drop" options={(["drop", "query", "resend"] as const).map((one) => ({ value: one, label: t(`journey.hop.unknowns.${one}`) }))} />
          {names.touchpointsOf(channel).length > 0 && <PickAt place={`${place}.touchpoint`} label={t("journey.hop.touchpoint")} clear options={names.touchpointsOf(channel)} placeholder={t("journey.hop.touchpointAny")} />}
          {staffed && <TextAt place={`${place}.staff`} label={t("journey.staff")} hint={t("journey.staffHint")} placeholder={OWNER} code />}
          <SpanAt place={`${place}.accept_within`} label={t("journey.hop.acceptWithin")} hint={t("journey.hop.acceptWithinHint")} fresh="24 hours" />
        </div>
      </details>
    </>
  );
}

export function SendForm({ name, words }: { name: string; words: Words }) {
  const { t, language } = useText();
  const { definition } = useFactory();
  const messages = useQuery(reach.messages()).data;
  const place = `nodes.${name}`;
  const message = textAt(definition, `${place}.message`);
  const option = (value: string, label: string) => ({ value, label, search: `${value} ${label}`.toLowerCase() });
  return (
    <>
      <PickAt
        place={`${place}.message`}
        label={t("journey.send.message")}
        hint={
          messages?.some((one) => one.name === message) === true && (
            <Link to="/messages/$name" params={{ name: message }} target="_blank">
              {t("journey.send.openMessage")}
            </Link>
          )
        }
        options={optionsOf(messages, language)} placeholder={t("journey.send.choose")} testId="send-message" />
      <Cards
        place={`${place}.chain`}
        label={t("journey.send.chain")}
        fresh={{ channel: "", unknown: "drop", next_on: [] }}
        least={1}
        most={10}
        addLabel={t("journey.send.addHop")}
        name={(i) => t("journey.send.hop", { number: i + 1, channel: words.channel(textAt(definition, `${place}.chain[${i}].channel`)) })}
        testId="hop"
      >
        {(at) => <Hop place={at} message={message} />}
      </Cards>
      <TargetAt node={name} edge="next" label={t("journey.send.next")} words={words} />
      <TargetAt node={name} edge="else" label={t("journey.send.else")} words={words} />
      <Optional place={`${place}.guard`} label={t("journey.send.guard")} fresh={{ all: [] }}>
        <p className="op-hint">{t("journey.send.guardHint")}</p>
        <ConditionAt place={`${place}.guard`} />
      </Optional>
      <details className="op-more">
        <summary>{t("journey.more")}</summary>
        <div className="op-form">
          <PickAt place={`${place}.category`} label={t("journey.policy.category")} clear placeholder={t("journey.send.sameCategory")} options={(["promotion", "service", "transactional"] as const).map((one) => option(one, t(`journey.categories.${one}`)))} />
          <SpanAt place={`${place}.expire_after`} label={t("journey.policy.expireAfter")} fresh="24 hours" />
          <Optional place={`${place}.fresh`} label={t("journey.fresh.title")} fresh={{ identity: "10 minutes", max: "6 hours" }}>
            <SpanAt place={`${place}.fresh.identity`} label={t("journey.fresh.identity")} required />
            <SpanAt place={`${place}.fresh.max`} label={t("journey.fresh.max")} />
          </Optional>
          <PicksAt place={`${place}.retry.on`} label={t("journey.send.retryOn")} options={RETRIED.map((one) => option(one, t(`journey.reasons.${one}`)))} />
          <NumberAt place={`${place}.retry.max`} label={t("journey.send.retryMax")} min={0} max={20} fallback={5} />
          <PicksAt place={`${place}.retry.backoff`} label={t("journey.send.backoff")} hint={t("journey.send.backoffHint")} options={[]} free />
        </div>
      </details>
    </>
  );
}
