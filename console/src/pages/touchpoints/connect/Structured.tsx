import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Input } from "antd";
import { useState } from "react";
import { parseDocument, stringify } from "yaml";
import { useText } from "@/lib/useText";

interface DataProps {
  id?: string;
  label: string;
  value: unknown;
  rows?: number;
  onChange: (value: unknown) => void;
  onBroken: (broken: boolean) => void;
}

/** Any data as YAML (JSON is YAML too); a text that can't be read changes nothing and is told. */
export function DataText({ id, label, value, rows = 4, onChange, onBroken }: DataProps) {
  const [text, setText] = useState(() => (value === undefined || value === null ? "" : stringify(value, { lineWidth: 0 })));
  const [wrong, setWrong] = useState<string | null>(null);
  const read = (next: string): void => {
    setText(next);
    const document = parseDocument(next);
    const error = document.errors[0]?.message ?? null;
    setWrong(error);
    onBroken(error !== null);
    if (error === null) onChange((document.toJS() as unknown) ?? undefined);
  };
  return (
    <>
      <Input.TextArea id={id} aria-label={label} className="op-code" spellCheck={false} autoSize={{ minRows: rows, maxRows: 18 }} value={text} status={wrong === null ? undefined : "error"} onChange={(event) => read(event.target.value)} />
      {wrong !== null && (
        <pre className="op-pre" role="alert" style={{ marginTop: 6, color: "var(--op-bad)" }}>
          {wrong}
        </pre>
      )}
    </>
  );
}

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
