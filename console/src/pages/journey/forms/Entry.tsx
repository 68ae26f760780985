import { Select } from "antd";
import { isObject, type JsonObject } from "@/conditions/model";
import { type EntryKind, ENTRIES, entryKindOf } from "@/journeys/model";
import { useText } from "@/lib/useText";
import { ConditionAt } from "@/pages/tags/factory/Condition";
import { useFactory } from "@/pages/tags/factory/context";
import { textAt } from "@/pages/tags/factory/definition";
import { ChoiceAt, NumberAt, PickAt, Row, SwitchAt, TextAt } from "@/pages/tags/factory/Fields";
import { ClockAt, EventAt, OffsetAt, Optional, PairsAt, SpanAt } from "./parts";
import { Yearly } from "./Flow";

const FRESH: Record<EntryKind, JsonObject> = {
  did: { did: "" },
  segment_enter: { segment_enter: "" },
  segment_leave: { segment_leave: "" },
  schedule: { schedule: "0 10 * * *", segment: "" },
  date: { date: "", time: "10:00" },
  api: { api: true, fields: {} },
  one_off: { one_off: { segment: "" } },
};
/** What all kinds of entry share. */
const SHARED = ["eligible", "reentry", "rate", "priority"];
const CRONS = ["0 10 * * *", "0 10 * * 1", "0 10 1 * *", "0 20 * * 5"] as const;
const FIELD_TYPES = ["text", "number", "money", "time", "boolean"] as const;

/** Whom a start takes: a segment, or those of whom a condition holds. */
function Audience({ place }: { place: string }) {
  const { t } = useText();
  const { definition, names, set } = useFactory();
  const { who } = { who: textAt(definition, `${place}.segment`) };
  return (
    <>
      <PickAt place={`${place}.segment`} label={t("journey.start.segment")} clear options={names.segments} testId="entry-segment" />
      {who === "" && (
        <Optional place={`${place}.who`} label={t("journey.start.who")} fresh={{ all: [] }}>
          <ConditionAt place={`${place}.who`} />
        </Optional>
      )}
      {who !== "" && isObject(definition.entry) && "who" in definition.entry && (
        <button type="button" className="op-chip" onClick={() => set(`${place}.who`, undefined)}>
          {t("journey.start.dropWho")}
        </button>
      )}
    </>
  );
}

/** How customers come into the journey. */
export function EntryForm() {
  const { t } = useText();
  const { definition, names, set } = useFactory();
  const kind = entryKindOf(definition);
  const said: JsonObject = isObject(definition.entry) ? definition.entry : {};
  const turn = (next: EntryKind): void => set("entry", { ...FRESH[next], ...Object.fromEntries(Object.entries(said).filter(([key]) => SHARED.includes(key))) });
  const event = textAt(definition, "entry.did");
  const fields = kind === "did" ? names.fieldsOf(event).map((one) => ({ ...one, value: `$trigger.${one.value}` })) : kind === "api" && isObject(said.fields) ? Object.keys(said.fields).map((one) => ({ value: `$trigger.${one}`, label: one, search: one })) : [];
  return (
    <>
      <Row label={t("journey.start.kind")}>
        <Select style={{ width: "100%" }} aria-label={t("journey.start.kind")} value={kind ?? undefined} options={ENTRIES.map((one) => ({ value: one, label: t(`journey.entries.${one}`) }))} onChange={turn} data-testid="entry-kind" />
      </Row>
      {kind === "did" && (
        <>
          <EventAt place="entry" label={t("journey.start.event")} testId="entry-event" />
          <Optional place="entry.hold" label={t("journey.start.hold")} fresh={{ for: "30 minutes", unless: { did: "" } }}>
            <p className="op-hint">{t("journey.start.holdHint")}</p>
            <SpanAt place="entry.hold.for" label={t("journey.start.holdFor")} required />
            <EventAt place="entry.hold.unless" label={t("journey.start.holdUnless")} />
          </Optional>
        </>
      )}
      {kind === "segment_enter" && (
        <>
          <PickAt place="entry.segment_enter" label={t("journey.start.segment")} options={names.segments} testId="entry-segment" />
          <SwitchAt place="entry.backfill" label={t("journey.start.backfill")} hint={t("journey.start.backfillHint")} />
        </>
      )}
      {kind === "segment_leave" && <PickAt place="entry.segment_leave" label={t("journey.start.segment")} options={names.segments} />}
      {kind === "schedule" && (
        <>
          <TextAt place="entry.schedule" label={t("journey.start.cron")} hint={t("journey.start.cronHint")} code />
          <div className="op-chips">
            {CRONS.map((one, i) => (
              <button key={one} type="button" className="op-chip" onClick={() => set("entry.schedule", one)}>
                {t(`journey.start.crons.${i as 0}`)}
              </button>
            ))}
          </div>
          <Audience place="entry" />
        </>
      )}
      {kind === "date" && (
        <>
          <PickAt place="entry.date" label={t("journey.wait.attribute")} options={names.attributes.filter((one) => one.kind === "date" || one.kind === "time")} />
          <OffsetAt place="entry.offset" label={t("journey.wait.offset")} />
          <ClockAt place="entry.time" label={t("journey.atTime")} fresh="10:00" />
          <Yearly place="entry.every" />
          <Optional place="entry.who" label={t("journey.start.who")} fresh={{ all: [] }}>
            <ConditionAt place="entry.who" />
          </Optional>
        </>
      )}
      {kind === "api" && <PairsAt place="entry.fields" label={t("journey.start.fields")} keyLabel={t("journey.start.field")} valueLabel={t("journey.webhook.type")} values={FIELD_TYPES.map((one) => ({ value: one, label: t(`journey.types.${one}`), search: one }))} hint={t("journey.start.fieldsHint", { journey: String(definition.journey) })} />}
      {kind === "one_off" && (
        <>
          <TextAt place="entry.one_off.start" label={t("journey.start.at")} hint={t("journey.start.atHint")} placeholder="2026-12-01T10:00:00+08:00" code />
          <Audience place="entry.one_off" />
        </>
      )}
      {fields.length > 0 && <PickAt place="entry.key" label={t("journey.start.key")} hint={t("journey.start.keyHint")} clear options={fields} />}
      <fieldset className="op-part">
        <legend>{t("journey.start.again")}</legend>
        <div className="op-form">
          <ChoiceAt place="entry.reentry.when" label={t("journey.start.reentry")} fallback="never" options={(["never", "after_exit", "always"] as const).map((one) => ({ value: one, label: t(`journey.reentry.${one}`) }))} />
          {textAt(definition, "entry.reentry.when") !== "" && textAt(definition, "entry.reentry.when") !== "never" && (
            <>
              <SpanAt place="entry.reentry.cooldown" label={t("journey.start.cooldown")} hint={t("journey.start.cooldownHint")} fresh="7 days" />
              <Optional place="entry.reentry.max" label={t("journey.start.maxRuns")} fresh={{ runs: 3, per: "30 days" }}>
                <NumberAt place="entry.reentry.max.runs" label={t("journey.start.runs")} min={1} max={1000} />
                <SpanAt place="entry.reentry.max.per" label={t("journey.start.per")} required />
              </Optional>
              <NumberAt place="entry.reentry.parallel" label={t("journey.start.parallel")} min={1} max={100} fallback={1} />
            </>
          )}
        </div>
      </fieldset>
      <Optional place="entry.eligible" label={t("journey.start.eligible")} fresh={{ all: [] }}>
        <ConditionAt place="entry.eligible" />
      </Optional>
      <details className="op-more">
        <summary>{t("journey.more")}</summary>
        <div className="op-form">
          <NumberAt place="entry.rate.per_second" label={t("journey.start.perSecond")} min={1} />
          <NumberAt place="entry.rate.per_day" label={t("journey.start.perDay")} min={1} />
          <NumberAt place="entry.priority" label={t("journey.start.priority")} min={0} max={99} fallback={50} />
        </div>
      </details>
    </>
  );
}
