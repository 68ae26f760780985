import { useQuery } from "@tanstack/react-query";
import { Select, Table, Tag } from "antd";
import { useMemo } from "react";
import { queries } from "@/api/queries";
import type { TablePreview } from "@/api/tables";
import { useText } from "@/lib/useText";
import { Dash } from "@/parts/Figures";
import { attributeChoices, type Choice, fieldChoices, identifierChoices } from "@/pages/touchpoints/mapping/names";
import { joinsOf } from "./joins";
import { type Entry, STEPS, usesOf, withUses } from "./model";

type Column = TablePreview["columns"][number] & {
  /** Of a joined table: where its values are. */
  of: TablePreview;
  /** As it is written in the mapping: of a joined table with its name before it. */
  written: string;
};
const SAMPLES = 3;

/** The table's columns, then those of the tables joined to it, with some of their values (masked), and what each is taken for. */
export function Columns({ preview, looks, draft, onChange }: { preview: TablePreview; looks: ReadonlyMap<string, TablePreview>; draft: Entry; onChange: (entry: Entry) => void }) {
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
  const columns = [
    ...preview.columns.map((one): Column => ({ ...one, of: preview, written: one.name })),
    ...joinsOf(draft).flatMap((join) => {
      const of = looks.get(join.table);
      return of === undefined ? [] : of.columns.map((one): Column => ({ ...one, of, written: `${join.name}.${one.name}` }));
    }),
  ];
  return (
    <Table<Column>
      size="small"
      rowKey="written"
      data-testid="table-columns"
      dataSource={columns}
      pagination={false}
      scroll={{ x: "max-content" }}
      columns={[
        {
          title: t("tables.column"),
          render: (_, one) => (
            <>
              <span className="op-code">{one.written}</span> {one.key && <Tag>{t("tables.isKey")}</Tag>}
              {one.indexed && !one.key && <Tag>{t("tables.isIndexed")}</Tag>}
              <div className="op-mute">{one.type}</div>
            </>
          ),
        },
        { title: t("tables.sample"), render: (_, one) => <Samples preview={one.of} column={one.name} /> },
        {
          title: t("tables.means"),
          width: 320,
          render: (_, one) => (
            <Select
              mode="multiple"
              style={{ width: 310 }}
              aria-label={t("tables.meansOf", { column: one.written })}
              placeholder={t("tables.leftOut")}
              showSearch={{ optionFilterProp: "label" }}
              value={uses.get(one.written) ?? []}
              onChange={(next: string[]) => onChange(withUses(draft, one.written, next))}
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
