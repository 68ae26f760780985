import { Input } from "antd";
import { useState } from "react";
import { parseDocument, stringify } from "yaml";

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
