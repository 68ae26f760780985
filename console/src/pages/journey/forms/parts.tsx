/** Controls of journeys, bound to a place of the definition as those of the tag factory are. */
import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { AutoComplete, Button, Input, InputNumber, Select, Space } from "antd";
import { type ReactNode, useState } from "react";
import { isObject, type Json, type JsonObject } from "@/conditions/model";
import { matches, type Option } from "@/conditions/names";
import { parseSpan, UNITS } from "@/conditions/operators";
import { circles } from "@/journeys/model";
import { shifted } from "@/journeys/operations";
import { useText } from "@/lib/useText";
import { useFactory } from "@/pages/tags/factory/context";
import { textAt, valueAt } from "@/pages/tags/factory/definition";
import { PickAt, Row, SpanAt as PlainSpanAt } from "@/pages/tags/factory/Fields";
import { Narrowed } from "@/pages/tags/factory/Source";
import { useEditing } from "../editor/context";
import { stepOptions, type Words } from "../words";

/** An event of one name, its fields and its place. */
export function EventAt({ place, label, testId }: { place: string; label: string; testId?: string }) {
  const { definition, names } = useFactory();
  const event = textAt(definition, `${place}.did`);
  return (
    <>
      <PickAt place={`${place}.did`} label={label} options={names.events} testId={testId} />
      {event !== "" && <Narrowed place={place} events={[event]} />}
    </>
  );
}

/** A wall time such as 09:30. */
export function ClockAt({ place, label, hint, fresh }: { place: string; label: string; hint?: string; fresh?: string }) {
  const { definition, set } = useFactory();
  return (
    <Row label={label} hint={hint} places={[place]}>
      {(id) => <Input id={id} type="time" style={{ width: 130 }} value={textAt(definition, place) || fresh || ""} onChange={(event) => set(place, event.target.value === "" ? undefined : event.target.value)} />}
    </Row>
  );
}

/** The step that a way leads to. Steps that would lead in a circle are not offered. */
export function TargetAt({ node, edge, label, words }: { node: string; edge: string; label: string; words: Words }) {
  const { connect, definition, setOpen } = useEditing();
  const { definition: whole } = useFactory();
  const place = `nodes.${node}.${/\]$/.test(edge) ? `${edge}.next` : edge}`;
  const value = textAt(whole, place);
  const options = stepOptions(definition, words).filter((one) => one.value === value || !circles(definition, node, one.value));
  const { t } = useText();
  return (
    <Row label={label} places={[place]}>
      {(id) => (
        <Space.Compact block>
          <Select id={id} style={{ width: "100%" }} showSearch={{ filterOption: matches }} value={value === "" ? undefined : value} placeholder={t("journey.chooseStep")} options={options} onChange={(next: string) => connect({ node, edge }, next)} data-testid={`target-${edge}`} />
          <Button disabled={value === ""} onClick={() => setOpen({ kind: "node", name: value })}>
            {t("journey.show")}
          </Button>
        </Space.Compact>
      )}
    </Row>
  );
}

/** A value that stands in the parameters: its name, and the way back to a value of its own. */
function Lent({ label, said, onFix }: { label: string; said: string; onFix: () => void }) {
  const { t } = useText();
  const { definition } = useFactory();
  const param = /^\$params\.(\w+)$/.exec(said)?.[1];
  const value = param === undefined ? "" : textAt(definition, `params.${param}`);
  const long = parseSpan(value);
  return (
    <span className="op-row">
      <code className="op-code">{said}</code>
      {value !== "" && <span className="op-mute">{long === null ? value : t(`journey.spans.${long.unit}`, { count: long.count })}</span>}
      <Button size="small" aria-label={`${label} ${t("editor.useValue")}`} onClick={onFix}>
        {t("editor.useValue")}
      </Button>
    </span>
  );
}

/** A length of time that may be left out, or stand in the parameters. */
export function SpanAt({ place, fresh = "1 day", ...rest }: { place: string; label: string; hint?: string; fresh?: string; required?: boolean }) {
  const { definition, set } = useFactory();
  const said = textAt(definition, place);
  if (!said.startsWith("$")) return <PlainSpanAt place={place} fresh={fresh} {...rest} />;
  return (
    <Row label={rest.label} hint={rest.hint} places={[place]}>
      <Lent label={rest.label} said={said} onFix={() => set(place, fresh)} />
    </Row>
  );
}

const LOCAL = /^(\d+) local_days?(?: at (\d\d:\d\d))?$/;

/** A length of time, elapsed or in the customer's own days. */
export function LongAt({ place, label, hint }: { place: string; label: string; hint?: string }) {
  const { t } = useText();
  const { definition, set } = useFactory();
  const said = textAt(definition, place);
  const local = LOCAL.exec(said);
  const plain = /^(\d+) (minute|hour|day|week|month)s?$/.exec(said);
  const count = Number(local?.[1] ?? plain?.[1] ?? 1);
  const unit = local !== null ? "local_day" : (plain?.[2] ?? "day");
  const at = local?.[2] ?? "";
  const write = (n: number, of: string, clock: string): void => set(place, `${n} ${of}${n === 1 ? "" : "s"}${of === "local_day" && clock !== "" ? ` at ${clock}` : ""}`);
  if (said.startsWith("$")) {
    return (
      <Row label={label} hint={hint} places={[place]}>
        <Lent label={label} said={said} onFix={() => set(place, "1 day")} />
      </Row>
    );
  }
  return (
    <Row label={label} hint={hint} places={[place]}>
      <span className="op-row">
        <Space.Compact>
          <InputNumber min={1} max={9999} precision={0} style={{ width: 76 }} aria-label={label} value={count} onChange={(next) => write(next ?? 1, unit, at)} data-testid="long-count" />
          <Select style={{ width: 150 }} aria-label={t("editor.unit")} value={unit} options={[...UNITS.map((one) => ({ value: one as string, label: t(`units.${one}`) })), { value: "local_day", label: t("journey.localDay") }]} onChange={(next: string) => write(count, next, at)} />
        </Space.Compact>
        {unit === "local_day" && <Input type="time" aria-label={t("journey.atTime")} style={{ width: 120 }} value={at} onChange={(event) => write(count, unit, event.target.value)} />}
      </span>
    </Row>
  );
}

/** Days before or after a date, such as `-7 days`. */
export function OffsetAt({ place, label }: { place: string; label: string }) {
  const { t } = useText();
  const { definition, set } = useFactory();
  const [, sign, count, unit] = /^([+-]?)(\d+) (minute|hour|day|week|month)s?$/.exec(textAt(definition, place)) ?? [];
  const side = count === undefined ? "on" : sign === "-" ? "before" : "after";
  const write = (where: string, n: number, of: string): void => set(place, where === "on" ? undefined : `${where === "before" ? "-" : ""}${n} ${of}${n === 1 ? "" : "s"}`);
  return (
    <Row label={label} places={[place]}>
      <Space.Compact>
        <Select style={{ width: 96 }} aria-label={label} value={side} options={(["before", "on", "after"] as const).map((one) => ({ value: one, label: t(`journey.offset.${one}`) }))} onChange={(next: string) => write(next, Number(count ?? 1), unit ?? "day")} />
        {side !== "on" && <InputNumber min={1} max={999} precision={0} style={{ width: 76 }} aria-label={label} value={Number(count)} onChange={(next) => write(side, next ?? 1, unit ?? "day")} />}
        {side !== "on" && <Select style={{ width: 88 }} aria-label={t("editor.unit")} value={unit} options={UNITS.map((one) => ({ value: one as string, label: t(`units.${one}`) }))} onChange={(next: string) => write(side, Number(count), next)} />}
      </Space.Compact>
    </Row>
  );
}

/** A part that may be left out. */
export function Optional({ place, label, fresh, children }: { place: string; label: string; fresh: Json; children: ReactNode }) {
  const { t } = useText();
  const { definition, set } = useFactory();
  const said = valueAt(definition, place);
  const there = said !== undefined && said !== null;
  return (
    <fieldset className="op-part">
      <legend>{label}</legend>
      {there ? (
        <>
          {children}
          <Button type="text" size="small" danger icon={<DeleteOutlined />} onClick={() => set(place, undefined)}>
            {t("factory.leaveOut")}
          </Button>
        </>
      ) : (
        <Button size="small" icon={<PlusOutlined />} aria-label={t("journey.addPart", { part: label })} onClick={() => set(place, fresh)}>
          {t("factory.setThis")}
        </Button>
      )}
    </fieldset>
  );
}

interface CardsProps {
  place: string;
  label: string;
  fresh: Json;
  /** How few may be left. */
  least?: number;
  most?: number;
  addLabel: string;
  name: (at: number) => string;
  children: (place: string, at: number) => ReactNode;
  testId: string;
}

/** A list whose members are forms: in an order that can be changed by mouse and by keyboard (Alt with the arrows). */
export function Cards({ place, label, fresh, least = 0, most = 50, addLabel, name, children, testId }: CardsProps) {
  const { t } = useText();
  const { definition, set } = useFactory();
  const said = valueAt(definition, place);
  const list = Array.isArray(said) ? said : [];
  const write = (next: Json[]): void => set(place, next.length === 0 && least === 0 ? undefined : next);
  return (
    <fieldset className="op-part">
      <legend>{label}</legend>
      <ol className="op-cards">
        {list.map((_, i) => (
          <li
            // A member has no name of its own; its place is what it is known by.
            key={i}
            data-testid={`${testId}-${i}`}
          >
            <div className="op-card-head">
              <strong>{name(i)}</strong>
              <span className="op-end">
                <Button type="text" size="small" icon={<ArrowUpOutlined />} disabled={i === 0} aria-label={t("journey.moveUp", { name: name(i) })} onClick={() => write(shifted(list, i, -1))} />
                <Button type="text" size="small" icon={<ArrowDownOutlined />} disabled={i === list.length - 1} aria-label={t("journey.moveDown", { name: name(i) })} onClick={() => write(shifted(list, i, 1))} />
                <Button type="text" size="small" icon={<DeleteOutlined />} disabled={list.length <= least} aria-label={t("journey.take", { name: name(i) })} onClick={() => write(list.filter((__, at) => at !== i))} />
              </span>
            </div>
            <div className="op-form">{children(`${place}[${i}]`, i)}</div>
          </li>
        ))}
      </ol>
      {list.length < most && (
        <Button size="small" icon={<PlusOutlined />} onClick={() => write([...list, fresh])} data-testid={`${testId}-add`}>
          {addLabel}
        </Button>
      )}
    </fieldset>
  );
}

export interface ControlProps {
  name: string;
  label: string;
  value: Json;
  onChange: (value: Json) => void;
  /** A line of text, where nothing suits better. */
  children: ReactNode;
}

interface PairsProps {
  place: string;
  label: string;
  keyLabel: string;
  valueLabel: string;
  /** What keys there may be; free text beside them. */
  keys?: Option[];
  /** What values there may be; none: any text or number. */
  values?: Option[];
  hint?: string;
  /** What a value is edited with, by what it is. */
  Control?: (props: ControlProps) => ReactNode;
}

/** A number that was typed is a number, `true` a truth, a list between commas stays a text. */
export function typed(text: string): Json {
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d{1,14}(\.\d{1,6})?$/.test(text.trim()) ? Number(text) : text;
}

const shownText = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

/** A value within the control that suits it, if one is asked for. */
function Held({ Control, ...props }: ControlProps & Pick<PairsProps, "Control">) {
  return Control === undefined ? props.children : <Control {...props} />;
}

/** Names with values. */
export function PairsAt({ place, label, keyLabel, valueLabel, keys = [], values, hint, Control }: PairsProps) {
  const { t } = useText();
  const { definition, set } = useFactory();
  const [fresh, setFresh] = useState("");
  const said = valueAt(definition, place);
  const pairs: JsonObject = isObject(said) ? said : {};
  const write = (next: JsonObject): void => set(place, next);
  const add = (name: string): void => {
    if (name === "" || name in pairs) return;
    write({ ...pairs, [name]: values?.[0]?.value ?? "" });
    setFresh("");
  };
  return (
    <Row label={label} hint={hint} places={[place]} wide>
      <div className="op-pairs">
        {Object.entries(pairs).map(([name, value]) => (
          <div key={name} className="op-pair">
            <span className="op-code" title={name}>
              {keys.find((one) => one.value === name)?.label ?? name}
            </span>
            {values === undefined ? (
              <Held Control={Control} name={name} label={`${valueLabel} ${name}`} value={value} onChange={(next) => write({ ...pairs, [name]: next })}>
              <Input aria-label={`${valueLabel} ${name}`} value={value === null ? "" : shownText(value)} placeholder={valueLabel} onChange={(event) => write({ ...pairs, [name]: Array.isArray(value) || isObject(value) ? parsed(event.target.value, value) : typed(event.target.value) })} />
              </Held>
            ) : (
              <Select aria-label={`${valueLabel} ${name}`} value={shownText(value)} options={values} onChange={(next: string) => write({ ...pairs, [name]: next })} />
            )}
            <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t("journey.take", { name })} onClick={() => write(Object.fromEntries(Object.entries(pairs).filter(([key]) => key !== name)))} />
          </div>
        ))}
        <Space.Compact>
          <AutoComplete
            style={{ width: 220 }}
            aria-label={keyLabel}
            placeholder={keyLabel}
            value={fresh}
            options={keys.filter((one) => !(one.value in pairs)).map(({ value, label: said }) => ({ value, label: said }))}
            showSearch={{ filterOption: (text, one) => `${String(one?.value)} ${String(one?.label)}`.toLowerCase().includes(text.toLowerCase()) }}
            onChange={(next: string | undefined) => setFresh(next ?? "")}
            onSelect={(next: string | undefined) => add(next ?? "")}
          />
          <Button icon={<PlusOutlined />} aria-label={t("journey.addPair", { what: keyLabel })} onClick={() => add(fresh.trim())} />
        </Space.Compact>
      </div>
    </Row>
  );
}

/** Lists and objects are written as JSON; what is no JSON (yet) changes nothing. */
function parsed(text: string, before: Json): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return before;
    throw error;
  }
}
