import { DatePicker } from "antd";
import dayjs from "dayjs";

interface Props {
  from?: string;
  to?: string;
  size?: "small";
  onChange: (from?: string, to?: string) => void;
}

const FORM = "YYYY-MM-DD";

/** From one day to another, either of them open. */
export function Dates({ from, to, size, onChange }: Props) {
  return (
    <DatePicker.RangePicker
      size={size}
      style={{ width: 240 }}
      allowEmpty={[true, true]}
      maxDate={dayjs()}
      value={[from === undefined ? null : dayjs(from), to === undefined ? null : dayjs(to)]}
      onChange={(next) => onChange(next?.[0]?.format(FORM), next?.[1]?.format(FORM))}
      data-testid="range-dates"
    />
  );
}
