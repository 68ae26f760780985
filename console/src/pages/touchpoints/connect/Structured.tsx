import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Input } from "antd";
import { useState } from "react";
import { useText } from "@/lib/useText";

interface Row {
  id: number;
  key: string;
  value: string;
}

const rowsOf = (value: unknown): Row[] => (typeof value === "object" && value !== null ? Object.entries(value).map(([key, one], id) => ({ id, key, value: String(one) })) : []);

/** Text to text, a line each. */
export function PairsInput({ label, value, onChange }: { label: string; value: unknown; onChange: (value: Record<string, string> | undefined) => void }) {
  const { t } = useText();
  const [rows, setRows] = useState(() => rowsOf(value));
  const put = (next: Row[]): void => {
    setRows(next);
    const given = next.filter((row) => row.key.trim() !== "");
    onChange(given.length === 0 ? undefined : Object.fromEntries(given.map((row) => [row.key.trim(), row.value])));
  };
  const change = (id: number, part: Partial<Row>): void => put(rows.map((row) => (row.id === id ? { ...row, ...part } : row)));
  return (
    <div className="op-stack" style={{ gap: 6 }} role="group" aria-label={label}>
      {rows.map((row) => (
        <div key={row.id} style={{ display: "grid", gridTemplateColumns: "1fr 1fr 32px", gap: 6 }}>
          <Input aria-label={t("touchpoints.pairKey")} placeholder={t("touchpoints.pairKey")} value={row.key} onChange={(event) => change(row.id, { key: event.target.value })} />
          <Input aria-label={t("touchpoints.pairValue")} placeholder={t("touchpoints.pairValue")} value={row.value} onChange={(event) => change(row.id, { value: event.target.value })} />
          <Button type="text" icon={<DeleteOutlined />} aria-label={t("touchpoints.removeRow")} onClick={() => put(rows.filter((one) => one.id !== row.id))} />
        </div>
      ))}
      <div>
        <Button size="small" type="dashed" icon={<PlusOutlined />} onClick={() => setRows([...rows, { id: Math.max(-1, ...rows.map((row) => row.id)) + 1, key: "", value: "" }])}>
          {t("touchpoints.addRow")}
        </Button>
      </div>
    </div>
  );
}
