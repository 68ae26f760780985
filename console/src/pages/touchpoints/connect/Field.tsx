import { ExclamationCircleOutlined, LockOutlined } from "@ant-design/icons";
import { Button, Input, InputNumber, Select, Switch, Tooltip } from "antd";
import { lazy, type PropsWithChildren, type ReactNode, Suspense, useId, useState } from "react";
import type { Setting } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { PairsInput } from "./Structured";

// The YAML parser comes only with a setting that needs it.
const DataText = lazy(() => import("./DataText").then((module) => ({ default: module.DataText })));

interface RowProps {
  id: string;
  label: ReactNode;
  required?: boolean;
  help?: ReactNode;
  fault?: string;
  mark?: ReactNode;
}

/** A control with its label above, its help and its fault below. */
export function FormRow({ id, label, required = false, help, fault, mark, children }: PropsWithChildren<RowProps>) {
  const { t } = useText();
  return (
    <div className="op-field" data-fault={fault !== undefined}>
      <div className="op-field-head">
        <label htmlFor={id}>{label}</label>
        {required && (
          <span className="op-needed" title={t("touchpoints.needed")}>
            <span aria-hidden>*</span>
            <span className="op-visually-hidden">{t("touchpoints.needed")}</span>
          </span>
        )}
        {mark}
      </div>
      {children}
      {fault !== undefined && (
        <div id={`${id}-fault`} role="alert" className="op-field-fault">
          {fault}
        </div>
      )}
      {help !== undefined && help !== null && <div className="op-field-help">{help}</div>}
    </div>
  );
}

interface FieldProps {
  setting: Setting;
  value: unknown;
  /** The reference under which a secret is kept, if one is. */
  kept?: { reference: string | null; found: boolean };
  fault?: string;
  onChange: (value: unknown) => void;
  onBroken: (broken: boolean) => void;
}

function Secret({ id, setting, value, kept, onChange }: FieldProps & { id: string }) {
  const { t, title } = useText();
  const has = kept?.reference !== null && kept?.reference !== undefined;
  const [open, setOpen] = useState(!has);
  if (!open)
    return (
      <div className="op-row" id={id}>
        <span className="op-status" data-kind={kept?.found ? "ok" : "error"} data-testid={`kept-${setting.name}`}>
          <LockOutlined aria-hidden />
          {t(kept?.found ? "touchpoints.kept" : "touchpoints.keptLost")}
        </span>
        <code className="op-code op-mute">{kept?.reference}</code>
        <Button size="small" onClick={() => setOpen(true)} aria-label={t("touchpoints.replaceOf", { what: title(setting.title, setting.name) })}>
          {t("touchpoints.replace")}
        </Button>
      </div>
    );
  return (
    <Input.Password
      id={id}
      autoComplete="new-password"
      spellCheck={false}
      value={typeof value === "string" ? value : ""}
      placeholder={has ? t("touchpoints.keptPlaceholder") : undefined}
      onChange={(event) => onChange(event.target.value)}
      data-testid={`setting-${setting.name}`}
    />
  );
}

function Control({ id, ...props }: FieldProps & { id: string }) {
  const { setting, value, fault, onChange, onBroken } = props;
  const { t, title } = useText();
  const label = title(setting.title, setting.name);
  const status = fault === undefined ? undefined : "error";
  const testId = `setting-${setting.name}`;
  switch (setting.kind) {
    case "secret":
      return <Secret id={id} {...props} />;
    case "integer":
    case "number":
      return <InputNumber id={id} style={{ width: "100%" }} precision={setting.kind === "integer" ? 0 : undefined} value={typeof value === "number" ? value : null} status={status} onChange={(next) => onChange(next ?? undefined)} data-testid={testId} />;
    case "boolean":
      return <Switch id={id} aria-label={label} checked={value === true} checkedChildren={t("common.yes")} unCheckedChildren={t("common.no")} onChange={onChange} data-testid={testId} />;
    case "choice":
      return (
        <Select
          id={id}
          aria-label={label}
          style={{ width: "100%" }}
          allowClear={!setting.required}
          value={typeof value === "string" ? value : undefined}
          status={status}
          placeholder={t("touchpoints.choose")}
          onChange={(next: string | undefined) => onChange(next)}
          options={Object.entries(setting.options).map(([key, one]) => ({ value: key, label: title(one, key) }))}
          data-testid={testId}
        />
      );
    case "texts":
      return (
        <Select
          id={id}
          aria-label={label}
          mode="tags"
          open={false}
          suffixIcon={null}
          style={{ width: "100%" }}
          tokenSeparators={[",", ";", "\n"]}
          placeholder={t("touchpoints.textsHint")}
          value={Array.isArray(value) ? value.map(String) : []}
          status={status}
          onChange={(next: string[]) => onChange(next.length === 0 ? undefined : next)}
          data-testid={testId}
        />
      );
    case "mapping":
      return <PairsInput label={label} value={value} onChange={onChange} />;
    case "object":
      return (
        <Suspense fallback={<Input.TextArea id={id} aria-label={label} className="op-code" rows={4} disabled />}>
          <DataText id={id} label={label} value={value} onChange={onChange} onBroken={onBroken} />
        </Suspense>
      );
    default:
      return <Input id={id} value={value === undefined || value === null ? "" : String(value)} status={status} spellCheck={false} onChange={(event) => onChange(event.target.value)} data-testid={testId} />;
  }
}

/** One setting of a channel's manifest. */
export function SettingField(props: FieldProps) {
  const { t, title } = useText();
  const id = useId();
  const { setting, fault } = props;
  const help = setting.help === null ? null : title(setting.help, "");
  return (
    <FormRow
      id={id}
      label={title(setting.title, setting.name)}
      required={setting.required}
      fault={fault}
      help={help}
      mark={
        setting.unverified && (
          <Tooltip title={t("touchpoints.unverifiedHelp")}>
            <button type="button" className="op-unverified">
              <ExclamationCircleOutlined aria-hidden /> {t("touchpoints.unverified")}
            </button>
          </Tooltip>
        )
      }
    >
      <Control id={id} {...props} />
    </FormRow>
  );
}
