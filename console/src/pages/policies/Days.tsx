import { DatePicker } from "antd";
import dayjs from "dayjs";
import type { Json } from "@/conditions/model";

/** Days written one by one beside the calendar's: days of rest of its own, or working days. */
export function Days({ label, value, readOnly, onChange }: { label: string; value: Json | undefined; readOnly: boolean; onChange: (days: string[] | undefined) => void }) {
  const days = Array.isArray(value) ? value.map(String) : [];
  return (
    <DatePicker
      multiple
      style={{ minWidth: 260 }}
      aria-label={label}
      placeholder={label}
      disabled={readOnly}
      value={days.map((one) => dayjs(one))}
      onChange={(next) => {
        const found = (Array.isArray(next) ? next : []).map((one) => one.format("YYYY-MM-DD")).sort();
        onChange(found.length === 0 ? undefined : found);
      }}
    />
  );
}
