import { Select } from "antd";
import { lazy, Suspense, useState } from "react";
import { type Days, type RangeSearch, SPANS } from "@/journeys/state";
import { useText } from "@/lib/useText";

// A calendar is much for a page on which it is seldom asked for.
const Dates = lazy(() => import("./Dates").then((module) => ({ default: module.Dates })));

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
        <Suspense fallback={null}>
          <Dates from={of.from} to={of.to} size={size} onChange={(from, to) => onChange({ ...NOTHING, from, to })} />
        </Suspense>
      )}
      {(versions.length > 1 || of.version !== undefined) && (
        <Select size={size} allowClear style={{ width: 130 }} aria-label={t("journey.versions.number")} placeholder={t("journey.report.allVersions")} value={of.version} options={versions.map((one) => ({ value: one, label: t("journey.version", { version: one }) }))} onChange={(version?: number) => onChange({ version })} data-testid="range-version" />
      )}
    </span>
  );
}
