import { DatePicker, Select } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { type Days, type RangeSearch, SPANS } from "@/journeys/state";
import { useText } from "@/lib/useText";

interface Props {
  of: RangeSearch;
  /** The versions to choose from; without them, or with one, there is no choice. */
  versions?: number[];
  /** What holds where nothing is chosen; without it nothing need be. */
  days?: Days;
  size?: "small";
  onChange: (next: RangeSearch) => void;
}

const NOTHING: RangeSearch = { days: undefined, all: undefined, from: undefined, to: undefined };

/** Which runs figures are about: the last days, since publication, or from one day to another; of one version or all. */
export function Range({ of, versions = [], days, size, onChange }: Props) {
  const { t } = useText();
  const dated = of.from !== undefined || of.to !== undefined;
  const [picking, setPicking] = useState(dated);
  const value = dated || picking ? "dates" : of.all === 1 ? "all" : (of.days ?? days);
  const options = [...SPANS.map((one) => ({ value: one as Days | "all" | "dates", label: t("journey.lastDays", { days: one }) })), { value: "all" as const, label: t("journey.range.all") }, { value: "dates" as const, label: t("journey.range.dates") }];
  const choose = (next?: Days | "all" | "dates"): void => {
    setPicking(next === "dates");
    if (next !== "dates") onChange({ ...NOTHING, ...(next === "all" ? { all: 1 as const } : { days: next }) });
  };
  return (
    <span className="op-row">
      <Select size={size} allowClear={days === undefined} style={{ width: 140 }} aria-label={t("journey.live.span")} placeholder={t("journey.runs.anyTime")} value={value} options={options} onChange={choose} data-testid="range" />
      {(dated || picking) && (
        <DatePicker.RangePicker
          size={size}
          style={{ width: 240 }}
          allowEmpty={[true, true]}
          maxDate={dayjs()}
          value={[of.from === undefined ? null : dayjs(of.from), of.to === undefined ? null : dayjs(of.to)]}
          onChange={(next) => onChange({ ...NOTHING, from: next?.[0]?.format("YYYY-MM-DD"), to: next?.[1]?.format("YYYY-MM-DD") })}
          data-testid="range-dates"
        />
      )}
      {(versions.length > 1 || of.version !== undefined) && (
        <Select size={size} allowClear style={{ width: 130 }} aria-label={t("journey.versions.number")} placeholder={t("journey.report.allVersions")} value={of.version} options={versions.map((one) => ({ value: one, label: t("journey.version", { version: one }) }))} onChange={(version?: number) => onChange({ version })} data-testid="range-version" />
      )}
    </span>
  );
}
