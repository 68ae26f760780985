import { Select } from "antd";
import { useMemo, useState } from "react";
import type { Choice } from "./names";

interface Props {
  label: string;
  value: string;
  choices: Choice[];
  placeholder?: string;
  onChange: (value: string) => void;
  testId?: string;
}

/** One of the standard's names; another one may be typed as well. */
export function Pick({ label, value, choices, placeholder, onChange, testId }: Props) {
  const [typed, setTyped] = useState("");
  const options = useMemo(() => {
    const extra = [value, typed.trim()].filter((one, i, all) => one !== "" && all.indexOf(one) === i && !choices.some((known) => known.value === one));
    return [...extra.map((one) => ({ value: one, label: one })), ...choices];
  }, [choices, value, typed]);
  return (
    <Select
      showSearch={{ optionFilterProp: "label", onSearch: setTyped }}
      style={{ width: "100%" }}
      popupMatchSelectWidth={280}
      aria-label={label}
      placeholder={placeholder ?? label}
      value={value === "" ? undefined : value}
      onChange={(next: string) => {
        setTyped("");
        onChange(next);
      }}
      options={options}
      data-testid={testId}
    />
  );
}
