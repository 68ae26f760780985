import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { useEffect, useState } from "react";
import { queries } from "@/api/queries";

const PAUSE_MS = 300;

interface Props {
  label: string;
  value: number | null;
  onChange: (id: number | null) => void;
  testId: string;
}

/** A customer, found by name, phone or number. */
export function CustomerPick({ label, value, onChange, testId }: Props) {
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
      aria-label={label}
      placeholder={label}
      value={value ?? undefined}
      options={found.map((one) => ({ value: one.customer_id, label: `${one.name ?? ""} ${one.customer_id}`.trim() }))}
      onChange={(next?: number) => onChange(next ?? null)}
      data-testid={testId}
    />
  );
}
