import { LinkOutlined } from "@ant-design/icons";
import { Button, Select } from "antd";
import { useText } from "@/lib/useText";
import type { Json } from "../model";
import { matches } from "../names";
import { emptyValue, type InputKind } from "../operators";
import { ValueInput } from "./Inputs";
import { isReference, useReferences } from "./references";

interface Props {
  input: InputKind;
  value: Json;
  values: string[];
  called?: Map<string, string>;
  label: string;
  onChange: (value: Json) => void;
}

const FIXED = new Set<InputKind>(["none", "boolean", "weekdays", "hours", "anniversary", "span"]);

/** The operand of a test: a value, or in a journey what the run or the journey lends. */
export function Operand({ input, value, values, called, label, onChange }: Props) {
  const { t } = useText();
  const references = useReferences();
  const lent = isReference(value);
  const offered = references?.values ?? [];
  const first = offered[0];
  if (!lent && (first === undefined || FIXED.has(input))) return <ValueInput input={input} value={value} values={values} called={called} label={label} onChange={onChange} />;
  return (
    <span className="op-row" style={{ gap: 2, flexWrap: "nowrap" }}>
      {lent ? (
        <Select
          showSearch={{ filterOption: matches }}
          style={{ width: 190 }}
          popupMatchSelectWidth={280}
          aria-label={label}
          value={value}
          options={offered.some((one) => one.value === value) ? offered : [{ value, label: value, search: value }, ...offered]}
          onChange={onChange}
          data-testid="condition-reference"
        />
      ) : (
        <ValueInput input={input} value={value} values={values} called={called} label={label} onChange={onChange} />
      )}
      <Button
        type="text"
        size="small"
        icon={<LinkOutlined />}
        aria-pressed={lent}
        aria-label={t(lent ? "editor.useValue" : "editor.useReference")}
        title={t(lent ? "editor.useValue" : "editor.useReference")}
        onClick={() => onChange(lent ? emptyValue(input) : (first?.value ?? null))}
      />
    </span>
  );
}
