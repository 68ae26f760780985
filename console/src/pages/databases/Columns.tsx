import { useQuery } from "@tanstack/react-query";
import { Select, Table, Tag } from "antd";
import { useMemo } from "react";
import { queries } from "@/api/queries";
import type { TablePreview } from "@/api/tables";
import { useText } from "@/lib/useText";
import { Dash } from "@/parts/Figures";
import { attributeChoices, type Choice, fieldChoices, identifierChoices } from "@/pages/touchpoints/mapping/names";
import { type Entry, STEPS, usesOf, withUses } from "./model";

type Column = TablePreview["columns"][number];
const SAMPLES = 3;

/** The table's columns with some of their values (masked), and what each is taken for. */
export function Columns({ preview, draft, onChange }: { preview: TablePreview; draft: Entry; onChange: (entry: Entry) => void }) {
  const { t, title } = useText();
  const standard = useQuery(queries.standard()).data;
  const uses = useMemo(() => usesOf(draft), [draft]);
  // One list without groups: their headings would be options of a list box to those who hear the page.
  const options = useMemo(() => {
    if (standard === undefined) return [];
    const of = (part: "ids" | "fields" | "traits", choices: readonly Choice[]): Choice[] => choices.map((one) => ({ value: `${part} ${one.value}`, label: `${t(`tables.uses.${part}`)} · ${one.label}` }));
    const event = draft.kind === "order" ? "order_paid" : draft.kind === "event" ? draft.event : draft.kind;
    return [
      ...of("ids", identifierChoices(standard, title)),
      ...(draft.kind === "order" ? STEPS.map((one) => ({ value: `steps ${one}`, label: t(`tables.steps.${one}`) })) : []),
      ...(["time", "event", "message_id"] as const).map((one) => ({ value: one, label: t(`tables.roles.${one}`) })),
      ...of("fields", fieldChoices(standard, event, title)),
      ...of("traits", attributeChoices(standard, title)),
    ];
  }, [standard, draft.kind, draft.event, t, title]);
  return (
    <Table<Column>
      size="small"
      rowKey="name"
      data-testid="table-columns"
      dataSource={preview.columns}
      pagination={false}
      scroll={{ x: "max-content" }}
      columns={[
        {
          title: t("tables.column"),
          render: (_, one) => (
            <>
              <span className="op-code">{one.name}</span> {one.key && <Tag>{t("tables.isKey")}</Tag>}
              {one.indexed && !one.key && <Tag>{t("tables.isIndexed")}</Tag>}
              <div className="op-mute">{one.type}</div>
            </>
          ),
        },
        { title: t("tables.sample"), render: (_, one) => <Samples preview={preview} column={one.name} /> },
        {
          title: t("tables.means"),
          width: 320,
          render: (_, one) => (
            <Select
              mode="multiple"
              style={{ width: 310 }}
              aria-label={t("tables.meansOf", { column: one.name })}
              placeholder={t("tables.leftOut")}
              showSearch={{ optionFilterProp: "label" }}
              value={uses.get(one.name) ?? []}
              onChange={(next: string[]) => onChange(withUses(draft, one.name, next))}
              options={options}
            />
          ),
        },
      ]}
    />
  );
}

function Samples({ preview, column }: { preview: TablePreview; column: string }) {
  const at = preview.columns.findIndex((one) => one.name === column);
  const shown = preview.rows.slice(0, SAMPLES).map((row) => row[at] ?? null);
  if (shown.every((one) => one === null)) return <Dash />;
  return (
    <span className="op-mute" style={{ overflowWrap: "anywhere" }}>
      {shown.filter((one) => one !== null).join(" · ")}
    </span>
  );
}
