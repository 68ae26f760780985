/** Which events a tag is made of: event, filters on its fields, channels and touchpoints. */
import { CloseOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Select } from "antd";
import { useState } from "react";
import { firstTest, TestRow } from "@/conditions/editor/TestRow";
import { isObject, type Json, type JsonObject, type Test } from "@/conditions/model";
import { type FieldOption, matches, type NameBook, type OptionGroup } from "@/conditions/names";
import { useText } from "@/lib/useText";
import { useFactory } from "./context";
import { textsAt, valueAt } from "./definition";
import { Row } from "./Fields";

export function useEventGroups(): OptionGroup[] {
  const { t } = useText();
  const { names } = useFactory();
  return names.eventGroups((group) => (group === "" ? t("eventGroups.other") : t(`eventGroups.${group as "order"}`, { defaultValue: group })));
}

/** The fields that all of the events have (of one event: its fields). */
export function commonFields(names: NameBook, events: string[]): FieldOption[] {
  const [first, ...rest] = events;
  if (first === undefined) return [];
  return names.fieldsOf(first).filter((field) => rest.every((event) => names.field(event, field.value) !== undefined));
}

function testsOf(predicate: Json): { tests: Test[]; currency: string | null } | null {
  if (Array.isArray(predicate)) return { tests: [{ op: "in", value: predicate }], currency: null };
  if (!isObject(predicate)) return { tests: [{ op: "is", value: predicate }], currency: null };
  const { currency = null, ...rest } = predicate;
  if (currency !== null && typeof currency !== "string") return null;
  return { tests: Object.entries(rest).map(([op, value]) => ({ op, value })), currency };
}

const jsonOf = (tests: Test[], currency: string | null): JsonObject => ({ ...Object.fromEntries(tests.map((one) => [one.op, one.value])), ...(currency === null ? {} : { currency }) });

function Where({ place, events }: { place: string; events: string[] }) {
  const { t } = useText();
  const { definition, names, currency: home, set } = useFactory();
  const said = valueAt(definition, place);
  const where = isObject(said) ? said : {};
  const fields = commonFields(names, events);
  const write = (next: JsonObject): void => set(place, Object.keys(next).length === 0 ? undefined : next);
  return (
    <>
      {Object.entries(where).map(([name, predicate]) => {
        const field = fields.find((one) => one.value === name);
        const found = testsOf(predicate);
        return (
          <div key={name} className="op-line">
            <span className="op-label">{t("editor.where")}</span>
            <span>{field?.label ?? name}</span>
            {found === null ? (
              <code className="op-code">{JSON.stringify(predicate)}</code>
            ) : (
              <TestRow kind={field?.kind ?? "text"} tests={found.tests} values={field?.values ?? []} called={field?.called} label={field?.label ?? name} currency={found.currency} home={home} onChange={(tests, money) => write({ ...where, [name]: jsonOf(tests, money) })} />
            )}
            <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t("editor.removeFilter")} onClick={() => write(Object.fromEntries(Object.entries(where).filter(([key]) => key !== name)))} />
          </div>
        );
      })}
      {events.length > 0 && (
        <Select
          size="small"
          style={{ width: 150 }}
          popupMatchSelectWidth={260}
          variant="borderless"
          showSearch={{ filterOption: matches }}
          suffixIcon={<PlusOutlined />}
          aria-label={t("factory.addFilter")}
          placeholder={t("factory.addFilter")}
          value={null}
          options={fields.filter((one) => !(one.value in where))}
          onChange={(name: string) => {
            const test = firstTest(fields.find((one) => one.value === name)?.kind ?? "text");
            write({ ...where, [name]: { [test.op]: test.value } });
          }}
        />
      )}
    </>
  );
}

function At({ place }: { place: string }) {
  const { t } = useText();
  const { definition, names, set } = useFactory();
  const [open, setOpen] = useState(false);
  const sides = [
    { key: "channel", label: t("editor.channel"), any: t("editor.anyChannel"), options: names.channels },
    { key: "touchpoint", label: t("editor.touchpoint"), any: t("editor.anyTouchpoint"), options: names.touchpoints },
  ];
  if (!open && !isObject(valueAt(definition, place))) {
    return (
      <Button type="link" size="small" icon={<PlusOutlined />} style={{ padding: "0 4px" }} onClick={() => setOpen(true)}>
        {t("factory.onlyAt")}
      </Button>
    );
  }
  const write = (key: string, next: string[]): void => {
    const said = valueAt(definition, place);
    const made = Object.fromEntries(Object.entries({ ...(isObject(said) ? said : {}), [key]: next }).filter(([, list]) => !Array.isArray(list) || list.length > 0));
    set(place, Object.keys(made).length === 0 ? undefined : made);
  };
  return (
    <div className="op-line">
      <span className="op-label">{t("editor.at")}</span>
      {sides.map(({ key, label, any, options }) => (
        <Select key={key} mode="multiple" style={{ minWidth: 170, maxWidth: 300 }} showSearch={{ filterOption: matches }} aria-label={label} placeholder={any} value={textsAt(definition, `${place}.${key}`)} options={options} onChange={(next: string[]) => write(key, next)} />
      ))}
    </div>
  );
}

/** Filters and places of the events at `place`, under its event. */
export function Narrowed({ place, events }: { place: string; events: string[] }) {
  return (
    <div className="op-narrowed">
      <Where place={`${place}.where`} events={events} />
      {events.length > 0 && <At place={`${place}.at`} />}
    </div>
  );
}

/** One event, or several where the kind allows. */
export function SourceAt({ place, many = false, label, hint }: { place: string; many?: boolean; label?: string; hint?: string }) {
  const { t } = useText();
  const { definition, set } = useFactory();
  const groups = useEventGroups();
  const events = textsAt(definition, `${place}.did`);
  const known = groups.flatMap((group) => group.options.map((one) => one.value));
  const strange = events.filter((one) => !known.includes(one)).map((one) => ({ value: one, label: one, search: one }));
  const options = strange.length > 0 ? [...strange, ...groups] : groups;
  const name = label ?? t(many ? "factory.events" : "factory.event");
  return (
    <Row label={name} hint={hint} places={[`${place}.did`, `${place}.where`, `${place}.at`]}>
      {many ? (
        <Select mode="multiple" style={{ width: "100%" }} showSearch={{ filterOption: matches }} aria-label={name} placeholder={t("editor.chooseEvent")} value={events} options={options} onChange={(next: string[]) => set(`${place}.did`, next)} data-testid={`source-${place}`} />
      ) : (
        <Select style={{ width: 280 }} showSearch={{ filterOption: matches }} aria-label={name} placeholder={t("editor.chooseEvent")} value={events[0]} options={options} onChange={(next: string) => set(`${place}.did`, next)} data-testid={`source-${place}`} />
      )}
      <Narrowed place={place} events={events} />
    </Row>
  );
}

/** A field of the events; `fits` says which kinds may be chosen. */
export function FieldAt({ place, events, label, hint, fits = () => true, testId }: { place: string; events: string[]; label: string; hint?: string; fits?: (field: FieldOption) => boolean; testId?: string }) {
  const { t } = useText();
  const { definition, names, set } = useFactory();
  const said = valueAt(definition, place);
  const value = typeof said === "string" ? said : undefined;
  const options = commonFields(names, events).filter(fits);
  const unknown = value !== undefined && !options.some((one) => one.value === value);
  return (
    <Row label={label} hint={hint} places={[place]}>
      {(id) => (
        <Select
          id={id}
          style={{ width: 280 }}
          showSearch={{ filterOption: matches }}
          placeholder={t("editor.field")}
          value={value}
          options={unknown ? [{ value, label: value, search: value }, ...options] : options}
          onChange={(next: string) => set(place, next)}
          data-testid={testId}
        />
      )}
    </Row>
  );
}
