import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { useEffect, useState } from "react";
import { queries } from "@/api/queries";
import { useText } from "@/lib/useText";

const PAUSE_MS = 300;

/** Another customer, found by phone, name, number or any identifier. */
export function CustomerPicker({ not, label: said, value, onChange }: { not: number; label?: string; value: number | undefined; onChange: (id: number | undefined) => void }) {
  const { t } = useText();
  const name = said ?? t("oneid.otherCustomer");
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setAsked(typed.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const found = useQuery({ ...queries.customers({ q: asked, page: 1, size: 10 }), enabled: asked !== "" });
  const chosen = useQuery({ ...queries.customer(value ?? 0), enabled: value !== undefined });
  const label = (name: string | null, id: number, phone: string | null): string => [name ?? t("customers.numbered", { id }), name === null ? null : String(id), phone].filter(Boolean).join(" · ");
  const options = (asked === "" ? [] : (found.data?.items ?? [])).filter((one) => one.customer_id !== not).map((one) => ({ value: one.customer_id, label: label(one.name, one.customer_id, one.phone) }));
  if (value !== undefined && !options.some((one) => one.value === value)) options.unshift({ value, label: label(chosen.data?.name ?? null, value, null) });
  return (
    <label>
      <span className="op-mute">{name}</span>
      <Select
        allowClear
        showSearch={{ filterOption: false, onSearch: setTyped }}
        style={{ width: "100%" }}
        aria-label={name}
        placeholder={t("customers.searchHint")}
        loading={found.isFetching}
        value={value}
        options={options}
        notFoundContent={asked === "" ? t("oneid.typeToSearch") : found.isFetching ? t("common.loading") : t("customers.noneFound")}
        onChange={(next: number | undefined) => onChange(next)}
        data-testid="other-customer"
      />
    </label>
  );
}
