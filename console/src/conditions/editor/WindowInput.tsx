import { CloseOutlined } from "@ant-design/icons";
import { Button, Select } from "antd";
import { useText } from "@/lib/useText";
import type { Json, JsonObject } from "../model";
import { MomentInput, SpanInput } from "./Inputs";

const FORMS = ["last", "this", "previous", "between", "after", "before"] as const;
type Form = (typeof FORMS)[number];
const CALENDAR = ["day", "week", "month", "quarter", "year"] as const;

const fresh: Record<Form, JsonObject> = {
  last: { last: "30 days" },
  this: { this: "month" },
  previous: { previous: "month" },
  between: { between: ["", ""] },
  after: { after: "" },
  before: { before: "" },
};

/** The window a behaviour must fall in: the last so much, a calendar unit, or fixed days. */
export function WindowInput({ value, onChange }: { value: JsonObject; onChange: (value: JsonObject | null) => void }) {
  const { t } = useText();
  const keys = Object.keys(value);
  const form = keys.length === 1 ? FORMS.find((one) => one === keys[0]) : undefined;
  const close = <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t("editor.removeWindow")} onClick={() => onChange(null)} />;
  if (form === undefined) {
    return (
      <div className="op-line">
        <span className="op-label">{t("editor.within")}</span>
        <code className="op-code">{JSON.stringify(value)}</code>
        {close}
      </div>
    );
  }
  const operand: Json = value[form] ?? "";
  const pair = Array.isArray(operand) ? operand.map((one) => (typeof one === "string" ? one : "")) : ["", ""];
  const said = typeof operand === "string" ? operand : "";
  return (
    <div className="op-line">
      <span className="op-label">{t("editor.within")}</span>
      <Select
        style={{ width: 110 }}
        aria-label={t("editor.within")}
        value={form}
        onChange={(next: Form) => onChange(fresh[next])}
        options={FORMS.map((one) => ({ value: one, label: t(`windows.${one}`) }))}
      />
      {form === "last" && <SpanInput label={t("editor.windowLength")} value={said} onChange={(last) => onChange({ last })} />}
      {(form === "this" || form === "previous") && (
        <Select
          style={{ width: 100 }}
          aria-label={t("editor.unit")}
          value={said}
          onChange={(unit: string) => onChange({ [form]: unit })}
          options={CALENDAR.map((unit) => ({ value: unit, label: t(`units.${unit}`) }))}
        />
      )}
      {(form === "after" || form === "before") && <MomentInput label={t(`windows.${form}`)} value={said} onChange={(moment) => onChange({ [form]: moment })} />}
      {form === "between" && (
        <span className="op-row" style={{ gap: 6 }}>
          <MomentInput label={t("editor.from")} value={pair[0] ?? ""} onChange={(moment) => onChange({ between: [moment, pair[1] ?? ""] })} />
          <span className="op-label">{t("editor.and")}</span>
          <MomentInput label={t("editor.to")} value={pair[1] ?? ""} onChange={(moment) => onChange({ between: [pair[0] ?? "", moment] })} />
        </span>
      )}
      {close}
    </div>
  );
}
