import { useQuery } from "@tanstack/react-query";
import { Input, InputNumber, Segmented, Select } from "antd";
import { useEffect, useState } from "react";
import { queries } from "@/api/queries";
import { matches } from "@/conditions/names";
import { useText } from "@/lib/useText";
import { useFactory } from "@/pages/tags/factory/context";
import type { Choice, Choosing } from "./asked";

const PAUSE_MS = 300;
const LONGEST = 366;

/** The customer who is gone through the journey: found by name, phone or number. */
function CustomerPick({ value, onChange }: { value: number | null; onChange: (id: number | null) => void }) {
  const { t } = useText();
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setAsked(typed), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const found = useQuery(queries.customers({ ...(asked !== "" && { q: asked }), page: 1, size: 10, sort: "-last_seen" })).data?.items ?? [];
  return (
    <Select
      style={{ width: "100%" }}
      allowClear
      showSearch={{ filterOption: false, onSearch: setTyped }}
      aria-label={t("journey.simulate.customer")}
      placeholder={t("journey.simulate.customer")}
      value={value ?? undefined}
      options={found.map((one) => ({ value: one.customer_id, label: `${one.name ?? ""} ${one.customer_id}`.trim() }))}
      onChange={(next?: number) => onChange(next ?? null)}
      data-testid="simulate-customer"
    />
  );
}

/** For whom, from when and how long. */
export function Whom({ choosing: [choice, choose], kinds, sample }: { choosing: Choosing; kinds: Choice["who"][]; sample: number }) {
  const { t } = useText();
  const { names } = useFactory();
  const labels = { customer: t("journey.simulate.one"), segment: t("journey.simulate.sample", { count: sample }), everybody: t("journey.simulate.everybody") };
  const put = (part: Partial<Choice>): void => choose((before) => ({ ...before, ...part }));
  return (
    <>
      {kinds.length > 1 && <Segmented block aria-label={t("journey.simulate.who")} value={choice.who} onChange={(who) => put({ who })} options={kinds.map((value) => ({ value, label: value === "segment" && kinds.includes("everybody") ? t("journey.start.segment") : labels[value] }))} />}
      {choice.who === "customer" && <CustomerPick value={choice.customer} onChange={(customer) => put({ customer })} />}
      {choice.who === "segment" && (
        <Select style={{ width: "100%" }} showSearch={{ filterOption: matches }} aria-label={t("journey.start.segment")} placeholder={t("journey.start.segment")} value={choice.segment ?? undefined} options={names.segments} onChange={(segment: string) => put({ segment })} data-testid="simulate-segment" />
      )}
      <div className="op-row">
        <label>
          <span className="op-mute">{t("journey.simulate.start")}</span>
          <Input type="datetime-local" value={choice.start} onChange={(event) => put({ start: event.target.value })} />
        </label>
        <label>
          <span className="op-mute">{t("journey.simulate.days")}</span>
          <InputNumber style={{ width: 90, display: "block" }} min={1} max={LONGEST} value={choice.days} onChange={(next) => put({ days: next ?? 30 })} />
        </label>
      </div>
    </>
  );
}
