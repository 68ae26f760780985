import { DatePicker, InputNumber, Segmented, Select } from "antd";
import dayjs from "dayjs";
import { matches } from "@/conditions/names";
import { useText } from "@/lib/useText";
import { useFactory } from "@/pages/tags/factory/context";
import { CustomerPick } from "@/parts/CustomerPick";
import type { Choice, Choosing } from "./asked";

const LONGEST = 366;

/** For whom, from when and how long. */
export function Whom({ choosing: [choice, choose], kinds, sample }: { choosing: Choosing; kinds: Choice["who"][]; sample: number }) {
  const { t } = useText();
  const { names } = useFactory();
  const labels = { customer: t("journey.simulate.one"), segment: t("journey.simulate.sample", { count: sample }), everybody: t("journey.simulate.everybody") };
  const put = (part: Partial<Choice>): void => choose((before) => ({ ...before, ...part }));
  return (
    <>
      {kinds.length > 1 && <Segmented block aria-label={t("journey.simulate.who")} value={choice.who} onChange={(who) => put({ who })} options={kinds.map((value) => ({ value, label: value === "segment" && kinds.includes("everybody") ? t("journey.start.segment") : labels[value] }))} />}
      {choice.who === "customer" && <CustomerPick label={t("journey.simulate.customer")} value={choice.customer} onChange={(customer) => put({ customer })} testId="simulate-customer" />}
      {choice.who === "segment" && (
        <Select style={{ width: "100%" }} showSearch={{ filterOption: matches }} aria-label={t("journey.start.segment")} placeholder={t("journey.start.segment")} value={choice.segment ?? undefined} options={names.segments} onChange={(segment: string) => put({ segment })} data-testid="simulate-segment" />
      )}
      <div className="op-row">
        <label>
          <span className="op-mute">{t("journey.simulate.start")}</span>
          <DatePicker style={{ display: "flex" }} showTime={{ format: "HH:mm" }} format="YYYY-MM-DD HH:mm" allowClear={false} value={choice.start === "" ? null : dayjs(choice.start)} onChange={(next) => put({ start: next?.format("YYYY-MM-DDTHH:mm") ?? "" })} data-testid="simulate-start" />
        </label>
        <label>
          <span className="op-mute">{t("journey.simulate.days")}</span>
          <InputNumber style={{ width: 90, display: "block" }} min={1} max={LONGEST} value={choice.days} onChange={(next) => put({ days: next ?? 30 })} />
        </label>
      </div>
    </>
  );
}
