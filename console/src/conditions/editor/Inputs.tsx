import { AutoComplete, DatePicker, Input, InputNumber, Select, Space } from "antd";
import dayjs from "dayjs";
import { lazy, Suspense } from "react";
import { useText } from "@/lib/useText";
import type { Json } from "../model";
import { emptyValue, FIGURE_OPERATORS, fits, type InputKind, NEAR_WORDS, nearJson, parseNear, parseSpan, spanText, UNITS, type Unit, WEEKDAYS } from "../operators";

const Regions = lazy(() => import("./Regions").then((part) => ({ default: part.Regions })));

interface Props {
  input: InputKind;
  value: Json;
  values: string[];
  /** What known values are called in the viewer's language. */
  called?: Map<string, string>;
  label: string;
  onChange: (value: Json) => void;
}

interface SpanProps {
  value: string;
  label: string;
  units?: readonly Unit[];
  onChange: (value: string) => void;
}

export function SpanInput({ value, label, units = UNITS, onChange }: SpanProps) {
  const { t } = useText();
  const span = parseSpan(value) ?? { count: 30, unit: "day" as Unit };
  return (
    <Space.Compact>
      <InputNumber min={1} max={999_999} precision={0} style={{ width: 76 }} aria-label={label} value={span.count} onChange={(count) => onChange(spanText(count ?? 1, span.unit))} />
      <Select
        style={{ width: 108 }}
        aria-label={t("editor.unit")}
        value={span.unit}
        onChange={(unit: Unit) => onChange(spanText(span.count, unit))}
        options={units.map((unit) => ({ value: unit, label: t(`units.${unit}`) }))}
      />
    </Space.Compact>
  );
}

export function MomentInput({ value, label, onChange }: { value: string | null; label: string; onChange: (value: string) => void }) {
  const at = value !== null && value !== "" ? dayjs(value) : null;
  const onlyDay = at === null || value?.length === 10;
  return (
    <DatePicker
      aria-label={label}
      style={{ width: 150 }}
      allowClear={false}
      value={at}
      format={onlyDay ? "YYYY-MM-DD" : "YYYY-MM-DD HH:mm"}
      onChange={(next) => onChange(next === null ? "" : next.format("YYYY-MM-DD"))}
    />
  );
}

function Pair({ children }: { children: [React.ReactNode, React.ReactNode] }) {
  const { t } = useText();
  return (
    <span className="op-row" style={{ gap: 6 }}>
      {children[0]}
      <span className="op-label">{t("editor.and")}</span>
      {children[1]}
    </span>
  );
}

/** When an anniversary is: in the coming days, in the past ones, or in a month. */
function NearInput({ value, label, onChange }: { value: Json; label: string; onChange: (value: Json) => void }) {
  const { t } = useText();
  const near = parseNear(value);
  if (near === null) return null;
  const { form, span } = near;
  return (
    <span className="op-row" style={{ gap: 6 }}>
      <Select
        style={{ width: 116 }}
        aria-label={`${label} ${t("near.label")}`}
        value={form}
        onChange={(next: typeof form) => onChange(nearJson({ form: next, span: span ?? "7 days" }))}
        options={(["next", "last", ...NEAR_WORDS] as const).map((one) => ({ value: one, label: t(`near.${one.replace(" ", "_") as "next"}`) }))}
      />
      {span !== null && <SpanInput label={`${label} ${t("editor.windowLength")}`} units={["day", "week", "month"]} value={span} onChange={(next) => onChange(nearJson({ form, span: next }))} />}
    </span>
  );
}

/** The control for an operand; a value that none of them can show stands as text and stays as it is. */
export function ValueInput({ input, value, values, called, label, onChange }: Props) {
  const { t } = useText();
  if (!fits(input, value)) return <code className="op-code">{JSON.stringify(value)}</code>;
  const options = values.map((one) => ({ value: one, label: called?.get(one) ?? one }));
  const spoken = typeof value === "string" && called?.get(value) !== value ? called?.get(value) : undefined;
  switch (input) {
    case "none":
      return null;
    case "boolean":
      return (
        <Select
          style={{ width: 90 }}
          aria-label={label}
          value={value === true}
          onChange={onChange}
          options={[
            { value: true, label: t("common.yes") },
            { value: false, label: t("common.no") },
          ]}
        />
      );
    case "text":
      return values.length > 0 ? (
        <span className="op-row" style={{ gap: 6 }}>
          <AutoComplete
            style={{ width: 180 }}
            aria-label={label}
            placeholder={t("editor.value")}
            value={value as string}
            onChange={(next: string | undefined) => onChange(next ?? "")}
            options={options}
            showSearch={{ filterOption: (typed, one) => `${one?.value} ${one?.label}`.toLowerCase().includes(typed.toLowerCase()) }}
          />
          {spoken !== undefined && <span className="op-label">{spoken}</span>}
        </span>
      ) : (
        <Input style={{ width: 180 }} aria-label={label} placeholder={t("editor.value")} value={value as string} onChange={(event) => onChange(event.target.value)} />
      );
    case "texts":
      return (
        <Select
          mode="tags"
          style={{ minWidth: 160, maxWidth: 420 }}
          aria-label={label}
          placeholder={t("editor.values")}
          tokenSeparators={[",", "\uff0c", "\u3001", ";", "\n", "\t"]}
          value={value as string[]}
          onChange={(next: string[]) => onChange(next)}
          options={options}
          showSearch={{ filterOption: (typed, one) => `${one?.value} ${one?.label}`.toLowerCase().includes(typed.toLowerCase()) }}
        />
      );
    case "number":
      return <InputNumber style={{ width: 120 }} aria-label={label} placeholder={t("editor.value")} value={value as number | null} onChange={(next) => onChange(next)} />;
    case "numbers": {
      const [low, high] = value as [number | null, number | null];
      return (
        <Pair>
          <InputNumber style={{ width: 110 }} aria-label={`${label} ${t("editor.from")}`} value={low} onChange={(next) => onChange([next, high])} />
          <InputNumber style={{ width: 110 }} aria-label={`${label} ${t("editor.to")}`} value={high} onChange={(next) => onChange([low, next])} />
        </Pair>
      );
    }
    case "moment":
      return <MomentInput label={label} value={value as string} onChange={onChange} />;
    case "moments": {
      const [from, to] = value as [string | null, string | null];
      return (
        <Pair>
          <MomentInput label={`${label} ${t("editor.from")}`} value={from} onChange={(next) => onChange([next, to])} />
          <MomentInput label={`${label} ${t("editor.to")}`} value={to} onChange={(next) => onChange([from, next])} />
        </Pair>
      );
    }
    case "anniversary":
      return <NearInput label={label} value={value} onChange={onChange} />;
    case "regions":
      return (
        <Suspense fallback={<Select style={{ width: 220 }} aria-label={label} loading disabled />}>
          <Regions label={label} value={value as string[]} onChange={onChange} />
        </Suspense>
      );
    case "span":
      return <SpanInput label={label} value={value as string} onChange={onChange} />;
    case "weekdays":
      return (
        <Select
          mode="multiple"
          style={{ minWidth: 200 }}
          aria-label={label}
          value={value as string[]}
          onChange={(next: string[]) => onChange(next)}
          options={WEEKDAYS.map((one) => ({ value: one, label: t(`weekdays.${one}`) }))}
        />
      );
    case "hours":
      return (
        <Select
          mode="multiple"
          style={{ minWidth: 200 }}
          aria-label={label}
          value={value as number[]}
          onChange={(next: number[]) => onChange(next)}
          options={Array.from({ length: 24 }, (_, hour) => ({ value: hour, label: `${String(hour).padStart(2, "0")}:00` }))}
        />
      );
    case "figure": {
      const [[op, number]] = Object.entries(value as Record<string, Json>) as [[string, Json]];
      return (
        <Space.Compact>
          <Select
            style={{ width: 110 }}
            aria-label={t("editor.operator")}
            value={op}
            onChange={(next: string) => onChange({ [next]: next === "between" ? emptyValue("numbers") : typeof number === "number" ? number : 1 })}
            options={FIGURE_OPERATORS.filter((one) => one !== "between").map((one) => ({ value: one, label: t(`ops.${one}`) }))}
          />
          <InputNumber style={{ width: 90 }} aria-label={label} value={typeof number === "number" ? number : null} onChange={(next) => onChange({ [op]: next })} />
        </Space.Compact>
      );
    }
  }
}
