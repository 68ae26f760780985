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
    const known = (one: string): boolean => choices.some((choice) => choice.value === one);
    const wanted = typed.trim();
    // What is typed is a name of its own only where it is none of the standard's: else Enter would take it for one.
    const own = wanted !== "" && !choices.some((choice) => choice.label.toLowerCase().includes(wanted.toLowerCase())) ? [wanted] : [];
    const extra = [...(value === "" || known(value) ? [] : [value]), ...own.filter((one) => one !== value)];
    return [...choices, ...extra.map((one) => ({ value: one, label: one }))];
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
