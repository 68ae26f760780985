import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Checkbox, Input, InputNumber, Select, Switch } from "antd";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { policies } from "@/api/policies";
import { touchpoints } from "@/api/touchpoints";
import type { JsonObject } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { CATEGORIES, object, put, text } from "@/pages/messages/definition";
import { Loaded, Waiting } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { type Cell, capsIn, hoursText, readHours, withCaps, withEntry } from "./definition";

// The calendar to pick days in is large: it comes when a calendar of days of rest is set.
const Days = lazy(() => import("./Days").then((part) => ({ default: part.Days })));

export interface Props {
  policy: JsonObject;
  readOnly: boolean;
  onChange: (policy: JsonObject) => void;
}

interface Sending {
  name: string;
  title: string;
}

/** A card about the channels that messages go out over, as soon as they are known. */
function OfChannels({ title: head, about, children }: { title: string; about: string; children: (channels: Sending[]) => ReactNode }) {
  const { t, title } = useText();
  const query = useQuery(touchpoints.channels());
  return (
    <Panel title={head}>
      <p className="op-mute">{about}</p>
      <Loaded query={query} rows={3}>
        {({ items }) => {
          const channels = items.filter((one) => one.messages.length > 0).map((one) => ({ name: one.name, title: title(one.title, one.name) }));
          return (
            <>
              {children(channels)}
              {channels.length === 0 && (
                <p className="op-mute">
                  {t("reach.policies.noChannels")} <Link to="/touchpoints">{t("nav.touchpoints")}</Link>
                </p>
              )}
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}

/** Hours as a text; what can't be read is kept in the field and does not count. */
function Hours({ label, value, readOnly, one, empty, onChange }: { label: string; value: string; readOnly: boolean; one: boolean; empty: string; onChange: (hours: JsonObject[]) => void }) {
  const { t } = useText();
  const [typed, setTyped] = useState(value);
  const found = readHours(typed);
  const wrong = found === null || (one && found.length > 1);
  return (
    <Input
      className="op-code"
      style={{ width: 180 }}
      aria-label={label}
      placeholder={empty}
      title={t("reach.policies.hoursHint")}
      readOnly={readOnly}
      value={typed}
      status={wrong ? "error" : undefined}
      onChange={(event) => {
        setTyped(event.target.value);
        const next = readHours(event.target.value);
        if (next !== null && !(one && next.length > 1)) onChange(next);
      }}
    />
  );
}

/** What becomes of a message that a rule holds back. */
function OnHit({ value, width, size, disabled, onChange }: { value: string; width: number; size?: "small"; disabled: boolean; onChange: (value: string) => void }) {
  const { t } = useText();
  return <Select size={size} style={{ width }} aria-label={t("reach.policies.onHit")} disabled={disabled} value={value} onChange={onChange} options={(["defer", "skip"] as const).map((one) => ({ value: one, label: t(`reach.policies.hits.${one}`) }))} />;
}

export function Quiet({ policy, readOnly, onChange }: Props) {
  const { t } = useText();
  const quiet = object(policy.quiet);
  return (
    <Panel title={t("reach.policies.quiet")}>
      <p className="op-mute">{t("reach.policies.quietText")}</p>
      <div className="op-policy-rows op-policy-wide">
        {CATEGORIES.map((category) => {
          const one = object(quiet[category]);
          const set = category in quiet;
          return (
            <div key={category} className="op-row" role="group" aria-label={t(`reach.categories.${category}`)}>
              <span className="op-policy-name">{t(`reach.categories.${category}`)}</span>
              <Hours label={t("reach.policies.hours")} value={set ? hoursText(one) : ""} readOnly={readOnly} one empty={t("reach.policies.noQuiet")} onChange={([hours]) => onChange(withEntry(policy, "quiet", category, hours === undefined ? undefined : { on_hit: "defer", ...one, ...hours }))} />
              <OnHit width={130} disabled={readOnly || !set} value={text(one.on_hit) || "defer"} onChange={(on_hit) => onChange(withEntry(policy, "quiet", category, { ...one, on_hit }))} />
            </div>
          );
        })}
      </div>
    </Panel>
  );
}

export function Windows({ policy, readOnly, onChange }: Props) {
  const { t } = useText();
  const windows = object(policy.windows);
  return (
    <OfChannels title={t("reach.policies.windows")} about={t("reach.policies.windowsText")}>
      {(channels) => (
        <div className="op-policy-rows">
          {channels.map((channel) => (
            <div key={channel.name} className="op-row">
              <span className="op-policy-name">{channel.title}</span>
              <Hours label={`${channel.title} ${t("reach.policies.hours")}`} value={hoursText(windows[channel.name])} readOnly={readOnly} one={false} empty={t("reach.policies.allDay")} onChange={(hours) => onChange(withEntry(policy, "windows", channel.name, hours.length === 0 ? undefined : hours))} />
            </div>
          ))}
        </div>
      )}
    </OfChannels>
  );
}

const PERS = ["local_day", "rolling 7 days", "rolling 30 days"] as const;

function CapCell({ policy, cell, label, readOnly, onChange }: Props & { cell: Cell; label: string }) {
  const { t } = useText();
  const caps = capsIn(policy, cell);
  const change = (at: number, next: JsonObject | null): void => onChange(withCaps(policy, cell, next === null ? caps.filter((_, i) => i !== at) : caps.map((cap, i) => (i === at ? next : cap))));
  return (
    <div role="group" aria-label={label}>
      {caps.map((cap, at) => {
        const per = text(cap.per) || "local_day";
        return (
          <div key={at} className="op-policy-cap">
            <InputNumber size="small" style={{ width: 56 }} aria-label={t("reach.policies.count")} min={1} precision={0} readOnly={readOnly} value={typeof cap.count === "number" ? cap.count : null} onChange={(count) => change(at, { ...cap, count: count ?? 1 })} />
            <Select
              size="small"
              style={{ width: 92 }}
              aria-label={t("reach.policies.per")}
              disabled={readOnly}
              value={per}
              onChange={(next: string) => change(at, { ...cap, per: next })}
              options={[...new Set<string>([...PERS, per])].map((value) => ({ value, label: t(`reach.policies.pers.${value.replace(/ /g, "_") as "local_day"}`, { defaultValue: value }) }))}
            />
            <OnHit size="small" width={96} disabled={readOnly} value={text(cap.on_hit) || "skip"} onChange={(on_hit) => change(at, { ...cap, on_hit })} />
            {!readOnly && <Button size="small" type="text" icon={<DeleteOutlined />} aria-label={t("reach.policies.removeCap")} onClick={() => change(at, null)} />}
          </div>
        );
      })}
      {!readOnly && <Button size="small" type="text" icon={<PlusOutlined />} aria-label={`${label} ${t("reach.policies.addCap")}`} onClick={() => onChange(withCaps(policy, cell, [...caps, { count: 1, per: "local_day" }]))} />}
    </div>
  );
}

/** At most so many messages of a category over a channel. */
export function Caps(props: Props) {
  const { t } = useText();
  const rows = [{ name: undefined, title: t("reach.policies.anyCategory") }, ...CATEGORIES.map((name) => ({ name, title: t(`reach.categories.${name}`) }))];
  return (
    <OfChannels title={t("reach.policies.caps")} about={t("reach.policies.capsText")}>
      {(channels) => {
        const columns = [{ name: undefined, title: t("reach.policies.anyChannel") }, ...channels];
        return (
          <div style={{ overflowX: "auto" }}>
            <table className="op-policy-matrix" data-testid="caps">
              <thead>
                <tr>
                  <td />
                  {columns.map((channel) => (
                    <th key={channel.title} scope="col">
                      {channel.title}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map((category) => (
                  <tr key={category.title}>
                    <th scope="row">{category.title}</th>
                    {columns.map((channel) => (
                      <td key={channel.title}>
                        <CapCell {...props} cell={{ category: category.name, channel: channel.name }} label={`${category.title} ${channel.title}`} />
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        );
      }}
    </OfChannels>
  );
}

export function Control({ policy, readOnly, onChange }: Props) {
  const { t } = useText();
  const control = object(policy.control);
  const set = "fraction" in control;
  return (
    <Panel title={t("reach.policies.control")}>
      <p className="op-mute">{t("reach.policies.controlText")}</p>
      <div className="op-row">
        <Switch aria-label={t("reach.policies.control")} disabled={readOnly} checked={set} onChange={(on) => onChange(put(policy, "control", on ? { fraction: 0.05 } : undefined))} data-testid="control" />
        {set && (
          <InputNumber
            aria-label={t("reach.policies.fraction")}
            readOnly={readOnly}
            min={0}
            max={50}
            step={1}
            suffix="%"
            value={typeof control.fraction === "number" ? Math.round(control.fraction * 1000) / 10 : null}
            onChange={(next) => onChange({ ...policy, control: { ...control, fraction: Math.round((next ?? 0) * 10) / 1000 } })}
          />
        )}
        {set && (
          <Checkbox.Group
            aria-label={t("reach.policies.controlOf")}
            disabled={readOnly}
            value={Array.isArray(control.categories) ? control.categories.map(String) : ["promotion"]}
            onChange={(next) => next.length > 0 && onChange({ ...policy, control: { ...control, categories: next } })}
            options={CATEGORIES.map((value) => ({ value, label: t(`reach.categories.${value}`) }))}
            data-testid="control-categories"
          />
        )}
      </div>
    </Panel>
  );
}

/** A country or region as the viewer calls it, with its code: calendars are known by that. */
function placeName(code: string, language: string): string {
  try {
    const name = new Intl.DisplayNames([language], { type: "region" }).of(code);
    return name === undefined || name === code ? code : `${name} ${code}`;
  } catch (error) {
    if (error instanceof RangeError) return code;
    throw error;
  }
}

export function Holidays({ policy, readOnly, onChange }: Props) {
  const { t, language } = useText();
  const [year, setYear] = useState(() => new Date().getFullYear());
  const rest = object(policy.holidays);
  const calendar = text(rest.calendar);
  const days = useQuery(policies.holidays(calendar || "CN", year));
  const hours = rest.hours;
  return (
    <Panel title={t("reach.policies.holidays")}>
      <p className="op-mute">{t("reach.policies.holidaysText")}</p>
      <div className="op-row">
        <Select
          allowClear
          style={{ width: 200 }}
          aria-label={t("reach.policies.calendar")}
          placeholder={t("reach.policies.noCalendar")}
          disabled={readOnly}
          value={calendar || undefined}
          onChange={(next?: string) => onChange(put(policy, "holidays", next === undefined ? undefined : { ...rest, calendar: next }))}
          options={(days.data?.calendars ?? ["CN"]).map((value) => ({ value, label: placeName(value, language) }))}
          showSearch={{ optionFilterProp: "label" }}
        />
        {calendar !== "" && (
          <>
            <Checkbox.Group
              disabled={readOnly}
              value={Array.isArray(rest.categories) ? rest.categories.map(String) : ["promotion"]}
              onChange={(next) => next.length > 0 && onChange({ ...policy, holidays: { ...rest, categories: next } })}
              options={CATEGORIES.map((value) => ({ value, label: t(`reach.categories.${value}`) }))}
            />
            <Hours label={t("reach.policies.restHours")} value={hours === undefined || hours === null ? "" : hoursText(hours)} readOnly={readOnly} one empty={t("reach.policies.noSends")} onChange={([next]) => onChange({ ...policy, holidays: put(rest, "hours", next) })} />
          </>
        )}
      </div>
      {calendar !== "" && (
        <Suspense fallback={<Waiting rows={1} />}>
          <div className="op-row" style={{ marginTop: 12 }}>
            <Days label={t("reach.policies.addDays")} value={rest.add} readOnly={readOnly} onChange={(add) => onChange({ ...policy, holidays: put(rest, "add", add) })} />
            <Days label={t("reach.policies.leaveDays")} value={rest.leave} readOnly={readOnly} onChange={(leave) => onChange({ ...policy, holidays: put(rest, "leave", leave) })} />
          </div>
        </Suspense>
      )}
      {calendar !== "" && (
        <>
          <div className="op-row" style={{ margin: "12px 0 8px" }}>
            <Button size="small" onClick={() => setYear(year - 1)}>
              {year - 1}
            </Button>
            <strong className="op-num">{year}</strong>
            <Button size="small" onClick={() => setYear(year + 1)}>
              {year + 1}
            </Button>
          </div>
          <Loaded query={days} rows={3}>
            {({ items }) => (
              <ul className="op-policy-days" data-testid="holidays">
                {items.map((one) => (
                  <li key={one.day}>
                    <span className="op-num">{one.day}</span> {one.name}
                  </li>
                ))}
                {items.length === 0 && <li className="op-mute">{t("reach.policies.noDays")}</li>}
              </ul>
            )}
          </Loaded>
        </>
      )}
    </Panel>
  );
}

export function Prices({ policy, readOnly, onChange }: Props) {
  const { t } = useText();
  const prices = object(policy.prices);
  return (
    <OfChannels title={t("reach.policies.prices")} about={t("reach.policies.pricesText")}>
      {(channels) => {
        const more = Object.keys(prices).filter((name) => !channels.some((one) => one.name === name));
        return (
          <div className="op-policy-rows">
            {[...channels, ...more.map((name) => ({ name, title: name }))].map((one) => (
              <label key={one.name} className="op-row">
                <span className="op-policy-name">{one.title}</span>
                <InputNumber min={0} step={0.001} readOnly={readOnly} value={typeof prices[one.name] === "number" ? Number(prices[one.name]) : null} onChange={(next) => onChange(withEntry(policy, "prices", one.name, next ?? undefined))} />
              </label>
            ))}
          </div>
        );
      }}
    </OfChannels>
  );
}
