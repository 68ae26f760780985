import { AimOutlined } from "@ant-design/icons";
import { Button, Input } from "antd";
import { useId, useState } from "react";
import { useText } from "@/lib/useText";
import { scalarOf, scalarText } from "./paths";
import { useTarget } from "./target";

interface Props {
  label: string;
  value: unknown;
  placeholder?: string;
  onChange: (value: unknown) => void;
  testId?: string;
}

/** A JSONPath or a value that stands for itself. With its button pressed, the next click in the sample fills it. */
export function PathInput({ label, value, placeholder, onChange, testId }: Props) {
  const { t } = useText();
  const key = useId();
  const { target, setTarget } = useTarget();
  const waiting = target?.key === key;
  // What is typed stays as typed while the focus is here.
  const [typing, setTyping] = useState<string | null>(null);
  return (
    <Input
      aria-label={label}
      className="op-code"
      spellCheck={false}
      placeholder={placeholder ?? "$."}
      value={typing ?? (value === undefined || value === null ? "" : scalarText(value))}
      onChange={(event) => {
        setTyping(event.target.value);
        onChange(event.target.value === "" ? undefined : scalarOf(event.target.value));
      }}
      onBlur={() => setTyping(null)}
      suffix={
        <Button
          type={waiting ? "primary" : "text"}
          size="small"
          icon={<AimOutlined />}
          aria-pressed={waiting}
          aria-label={t("mapping.pickFor", { what: label })}
          title={t("mapping.pick")}
          onClick={() =>
            setTarget(
              waiting
                ? undefined
                : {
                    key,
                    label,
                    put: (path) => {
                      setTyping(null);
                      onChange(path);
                    },
                  },
            )
          }
        />
      }
      data-testid={testId}
    />
  );
}
