/** Controls bound to a place of the definition: a label, the control, a hint, and what is wrong there. */
import { Button, Input, InputNumber, Segmented, Select, Switch } from "antd";
import { type ReactNode, useId } from "react";
import { SpanInput } from "@/conditions/editor/Inputs";
import { WindowInput } from "@/conditions/editor/WindowInput";
import { isObject, type Json } from "@/conditions/model";
import { matches, type Option } from "@/conditions/names";
import { useText } from "@/lib/useText";
import { problemsAt, useFactory } from "./context";
import { numberAt, textAt, textsAt, valueAt } from "./definition";
import { Problems } from "./Problems";

interface RowProps {
  label: string;
  hint?: ReactNode;
  /** Places whose problems are shown here. */
  places?: string[];
  inner?: string[];
  wide?: boolean;
  children: ReactNode | ((id: string) => ReactNode);
}

/** A labelled line of the form. The label belongs to the control when the control takes the id. */
export function Row({ label, hint, places = [], inner = [], wide = false, children }: RowProps) {
  const id = useId();
  const { problems, warnings } = useFactory();
  const wrong = places.flatMap((place) => problemsAt(problems, place, inner));
  const doubtful = places.flatMap((place) => problemsAt(warnings, place, inner));
  const bound = typeof children === "function";
  return (
    <div className="op-field" data-wide={wide} data-problem={wrong.length > 0}>
      {bound ? <label htmlFor={id}>{label}</label> : <span className="op-field-label">{label}</span>}
      <div role={bound ? undefined : "group"} aria-label={bound ? undefined : label}>
        {bound ? children(id) : children}
        {hint !== undefined && hint !== false && <div className="op-hint">{hint}</div>}
        <Problems list={wrong} doubts={doubtful} />
      </div>
    </div>
  );
}

interface AtProps {
  place: string;
  label: string;
  hint?: ReactNode;
}

/** A text; taken away when it is emptied. */
export function TextAt({ place, label, hint, width, code = false, placeholder, testId }: AtProps & { width?: number; code?: boolean; placeholder?: string; testId?: string }) {
  const { definition, set } = useFactory();
  return (
    <Row label={label} hint={hint} places={[place]}>
      {(id) => (
        <Input
          id={id}
          className={code ? "op-code" : undefined}
          style={{ width: width ?? "100%" }}
          placeholder={placeholder}
          value={textAt(definition, place)}
          onChange={(event) => set(place, event.target.value === "" ? undefined : event.target.value)}
          data-testid={testId}
        />
      )}
    </Row>
  );
}

export function NumberAt({ place, label, hint, min, max, step, fallback, suffix }: AtProps & { min?: number; max?: number; step?: number; fallback?: number; suffix?: string }) {
  const { definition, set } = useFactory();
  return (
    <Row label={label} hint={hint} places={[place]}>
      {(id) => (
        <InputNumber id={id} style={{ width: 140 }} min={min} max={max} step={step} placeholder={fallback === undefined ? undefined : String(fallback)} suffix={suffix} value={numberAt(definition, place)} onChange={(next) => set(place, next ?? undefined)} />
      )}
    </Row>
  );
}

interface ChoiceProps<T extends string> extends AtProps {
  options: { value: T; label: string }[];
  /** What holds when the definition says nothing: choosing it takes the key away. */
  fallback?: T;
}

export function ChoiceAt<T extends string>({ place, label, hint, options, fallback }: ChoiceProps<T>) {
  const { definition, set } = useFactory();
  const value = textAt(definition, place) || fallback;
  return (
    <Row label={label} hint={hint} places={[place]}>
      <Segmented<T> aria-label={label} value={(value ?? "") as T} options={options} onChange={(next) => set(place, next === fallback ? undefined : next)} />
    </Row>
  );
}

/** One of many, by name or title; a name that is not known stays and is shown as it is. */
export function PickAt({ place, label, hint, options, placeholder, clear = false, testId, onPick }: AtProps & { options: Option[]; placeholder?: string; clear?: boolean; testId?: string; onPick?: (value: string) => void }) {
  const { definition, set } = useFactory();
  const value = textAt(definition, place);
  const unknown = value !== "" && !options.some((one) => one.value === value);
  return (
    <Row label={label} hint={hint} places={[place]}>
      {(id) => (
        <Select
          id={id}
          style={{ width: 280 }}
          showSearch={{ filterOption: matches }}
          allowClear={clear}
          placeholder={placeholder}
          value={value === "" ? undefined : value}
          options={unknown ? [{ value, label: value, search: value }, ...options] : options}
          onChange={(next?: string) => (onPick !== undefined && next !== undefined ? onPick(next) : set(place, next))}
          data-testid={testId}
        />
      )}
    </Row>
  );
}

/** Several of many; one alone is written as a text where `single` says so. */
export function PicksAt({ place, label, hint, options, placeholder, testId, free = false }: AtProps & { options: Option[]; placeholder?: string; testId?: string; free?: boolean }) {
  const { definition, set } = useFactory();
  return (
    <Row label={label} hint={hint} places={[place]}>
      {(id) => (
        <Select
          id={id}
          mode={free ? "tags" : "multiple"}
          style={{ width: "100%" }}
          showSearch={{ filterOption: matches }}
          tokenSeparators={free ? [",", "\uff0c", "\u3001", ";", "\n", "\t"] : undefined}
          placeholder={placeholder}
          value={textsAt(definition, place)}
          options={options}
          onChange={(next: string[]) => set(place, next.length === 0 ? undefined : next)}
          data-testid={testId}
        />
      )}
    </Row>
  );
}

export function SwitchAt({ place, label, hint, fallback = false }: AtProps & { fallback?: boolean }) {
  const { definition, set } = useFactory();
  const value = valueAt(definition, place);
  return (
    <Row label={label} hint={hint} places={[place]}>
      {(id) => <Switch id={id} checked={typeof value === "boolean" ? value : fallback} onChange={(on) => set(place, on === fallback ? undefined : on)} />}
    </Row>
  );
}

/** A length of time that may be left out. */
export function SpanAt({ place, label, hint, fresh = "30 days", required = false }: AtProps & { fresh?: string; required?: boolean }) {
  const { definition, set } = useFactory();
  const { t } = useText();
  const value = valueAt(definition, place);
  return (
    <Row label={label} hint={hint} places={[place]}>
      {typeof value === "string" ? (
        <span className="op-row">
          <SpanInput label={label} value={value} onChange={(next) => set(place, next)} />
          {!required && (
            <Button type="text" size="small" onClick={() => set(place, undefined)}>
              {t("factory.leaveOut")}
            </Button>
          )}
        </span>
      ) : (
        <Button size="small" onClick={() => set(place, fresh)}>
          {t("factory.setThis")}
        </Button>
      )}
    </Row>
  );
}

/** The time that events must lie in; without one, all of history counts. */
export function WindowAt({ place, hint }: { place: string; hint?: ReactNode }) {
  const { definition, set } = useFactory();
  const { t } = useText();
  const said = valueAt(definition, place);
  const value: Json | undefined = said === "today" ? { this: "day" } : said === "yesterday" ? { previous: "day" } : said;
  return (
    <Row label={t("factory.within")} hint={hint} places={[place]}>
      {isObject(value) ? (
        <div className="op-leaf op-window" style={{ border: 0, padding: 0 }}>
          <WindowInput value={value} onChange={(next) => set(place, next ?? undefined)} />
        </div>
      ) : (
        <span className="op-row">
          <span>{t("factory.allTime")}</span>
          <Button size="small" onClick={() => set(place, { last: "180 days" })}>
            {t("factory.limitTime")}
          </Button>
        </span>
      )}
    </Row>
  );
}
