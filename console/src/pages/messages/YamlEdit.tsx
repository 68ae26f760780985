import { Input } from "antd";
import { useState } from "react";
import { parseDocument, stringify } from "yaml";
import { isObject, type Json, type JsonObject } from "@/conditions/model";
import { useText } from "@/lib/useText";

interface Props {
  value: JsonObject;
  readOnly: boolean;
  onChange: (value: JsonObject) => void;
  /** Whether the text can't be read: nothing of it counts until it can. */
  onBroken: (broken: boolean) => void;
}

/** A definition as the text of its file; what is typed counts as soon as it can be read. */
export function YamlEdit({ value, readOnly, onChange, onBroken }: Props) {
  const { t } = useText();
  const [text, setText] = useState(() => stringify(value, { lineWidth: 0 }));
  const [wrong, setWrong] = useState<string | null>(null);
  const typed = (next: string): void => {
    setText(next);
    const document = parseDocument(next);
    const [error] = document.errors;
    const found = error === undefined ? ((document.toJS() as Json) ?? {}) : null;
    const fault = error !== undefined ? t("reach.yaml.line", { line: error.linePos?.[0].line ?? 1, error: error.message.split("\n")[0] ?? "" }) : isObject(found) ? null : t("reach.yaml.object");
    setWrong(fault);
    onBroken(fault !== null);
    if (isObject(found)) onChange(found);
  };
  return (
    <>
      <Input.TextArea aria-label={t("reach.yaml.label")} className="op-code" spellCheck={false} autoSize={{ minRows: 16, maxRows: 40 }} readOnly={readOnly} value={text} status={wrong === null ? undefined : "error"} onChange={(event) => typed(event.target.value)} data-testid="yaml" />
      <div role="status">{wrong !== null && <pre className="op-pre op-place">{wrong}</pre>}</div>
    </>
  );
}
