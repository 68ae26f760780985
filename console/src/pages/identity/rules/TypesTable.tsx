import { EditOutlined, UndoOutlined } from "@ant-design/icons";
import { Button, InputNumber, Select, Switch, Table } from "antd";
import { type ReactNode, useEffect, useRef } from "react";
import type { Rules, TypeRule } from "@/api/identity";
import { useText } from "@/lib/useText";
import { Dash, Exact } from "@/parts/Figures";
import { useWords } from "../words";
import { type Draft, type Field, pathOf, reset, set, type Setting, STANDARD } from "./draft";

/** The largest values that the rules take. */
const MOST = { priority: 10_000, max_per_customer: 100_000, max_customers: 100_000, recycle_days: 36_500, lifetime_days: 36_500 };

interface Props {
  rules: Rules;
  draft: Draft;
  may: boolean;
  shown: string | undefined;
  onChange: (draft: Draft) => void;
}

/** Marks what differs from the rules in force, by icon and word. */
export function Changed({ when }: { when: boolean }) {
  const { t } = useText();
  return when ? (
    <span className="op-changed">
      <EditOutlined aria-hidden /> {t("oneid.changed")}
    </span>
  ) : null;
}

/** The types of identifiers with what they may do; empty means no limit. */
export function TypesTable({ rules, draft, may, shown, onChange }: Props) {
  const { t, title } = useText();
  const words = useWords();
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (shown !== undefined) frame.current?.querySelector(`[data-row-key="${CSS.escape(shown)}"]`)?.scrollIntoView({ block: "center" });
  }, [shown]);

  const value = (row: TypeRule, field: Field): Setting => draft[pathOf(row.type, field)] ?? (pathOf(row.type, field) in draft ? null : row[field]);
  const put = (row: TypeRule, field: Field, next: Setting): void => onChange(set(rules, draft, pathOf(row.type, field), next));
  const cell = (row: TypeRule, field: Field, control: ReactNode): ReactNode => (
    <span style={{ display: "inline-grid", justifyItems: "start", gap: 2 }}>
      {draft[pathOf(row.type, field)] === STANDARD ? <span className="op-mute">{t("oneid.asStandard")}</span> : control}
      <Changed when={pathOf(row.type, field) in draft} />
    </span>
  );
  const number = (row: TypeRule, field: "priority" | "max_per_customer" | "max_customers" | "recycle_days" | "lifetime_days"): ReactNode => {
    const now = value(row, field);
    return cell(
      row,
      field,
      <InputNumber
        size="small"
        min={field === "priority" ? 0 : 1}
        max={MOST[field]}
        precision={0}
        disabled={!may}
        value={typeof now === "number" ? now : null}
        placeholder={field === "priority" ? undefined : t(field.endsWith("_days") ? "oneid.noDays" : "oneid.noLimit")}
        aria-label={t("oneid.settingOf", { setting: t(`oneid.fields.${field}`), type: title(row.title, row.type) })}
        onChange={(next) => (field === "priority" && next === null ? undefined : put(row, field, next))}
        data-testid={`rule-${row.type}-${field}`}
      />,
    );
  };
  const strength = (row: TypeRule): Setting => value(row, "class");
  return (
    <div ref={frame} className="op-rules-table">
      <Table<TypeRule>
        size="small"
        rowKey="type"
        data-testid="rules-types"
        dataSource={rules.types}
        pagination={false}
        scroll={{ x: "max-content" }}
        onRow={(row) => ({ "data-shown": row.type === shown, style: row.type === shown ? { background: "var(--op-accent-soft)" } : undefined }) as object}
        columns={[
          {
            title: t("customer.idType"),
            fixed: "left",
            render: (_, row) => (
              <span>
                {title(row.title, row.type)}
                <span className="op-mute op-code" style={{ display: "block" }}>
                  {row.type}
                  {row.scope === "required" && "@…"}
                </span>
              </span>
            ),
          },
          { title: t("oneid.identifiers"), align: "right", render: (_, row) => <Exact value={row.identifiers} /> },
          {
            title: t("oneid.class"),
            render: (_, row) =>
              cell(
                row,
                "class",
                <Select
                  size="small"
                  style={{ width: 108 }}
                  disabled={!may}
                  aria-label={t("oneid.settingOf", { setting: t("oneid.class"), type: title(row.title, row.type) })}
                  value={String(value(row, "class"))}
                  options={(["strong", "weak", "never"] as const).map((one) => ({ value: one, label: words.strength(one) }))}
                  onChange={(next) => put(row, "class", next)}
                />,
              ),
          },
          { title: t("oneid.fields.priority"), render: (_, row) => number(row, "priority") },
          {
            title: t("oneid.fields.verified"),
            render: (_, row) =>
              cell(
                row,
                "verified",
                <Switch
                  size="small"
                  disabled={!may}
                  aria-label={t("oneid.settingOf", { setting: t("oneid.fields.verified"), type: title(row.title, row.type) })}
                  checked={value(row, "verified") === true}
                  onChange={(next) => put(row, "verified", next)}
                />,
              ),
          },
          { title: t("oneid.fields.max_per_customer"), render: (_, row) => (strength(row) === "strong" ? number(row, "max_per_customer") : <Dash />) },
          { title: t("oneid.fields.max_customers"), render: (_, row) => (strength(row) === "never" ? <Dash /> : number(row, "max_customers")) },
          { title: t("oneid.fields.recycle_days"), render: (_, row) => (strength(row) === "strong" ? number(row, "recycle_days") : <Dash />) },
          { title: t("oneid.fields.lifetime_days"), render: (_, row) => (strength(row) === "weak" ? number(row, "lifetime_days") : <Dash />) },
          {
            title: "",
            render: (_, row) =>
              may &&
              (row.overridden.length > 0 || Object.keys(draft).some((path) => path.startsWith(`types.${row.type}.`))) && (
                <Button
                  type="text"
                  size="small"
                  icon={<UndoOutlined />}
                  title={t("oneid.resetTitle")}
                  aria-label={t("oneid.resetOf", { type: title(row.title, row.type) })}
                  onClick={() => onChange(reset(draft, row))}
                />
              ),
          },
        ]}
      />
    </div>
  );
}
