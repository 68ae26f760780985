import { DeleteOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Select } from "antd";
import { useState } from "react";
import { queries } from "@/api/queries";
import { type TablePreview, tables } from "@/api/tables";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { fieldChoices, guess } from "@/pages/touchpoints/mapping/names";
import { LINE_FIELDS, lineColumn, type Lines, linesOf, withLineField, withLines } from "./joins";
import { keyOf, TablePick } from "./Joins";
import { Matches } from "./Matches";
import type { Entry } from "./model";

interface Props {
  touchpoint: string;
  main: TablePreview;
  looks: ReadonlyMap<string, TablePreview>;
  draft: Entry;
  onChange: (entry: Entry) => void;
}

/** The lines of an order in a table of their own: which, by which columns they belong to the order, and what they say. */
export function OrderLines({ touchpoint, main, looks, draft, onChange }: Props) {
  const { t, title } = useText();
  const client = useQueryClient();
  const standard = useQuery(queries.standard()).data;
  const [error, setError] = useState<unknown>(null);
  const lines = linesOf(draft);
  const titles = new Map(standard === undefined ? [] : fieldChoices(standard, "order_paid", title).map((one) => [one.value, one.label]));
  const add = async (table: string): Promise<void> => {
    setError(null);
    try {
      const look = await client.fetchQuery(tables.look(touchpoint, table, undefined));
      onChange(withLines(draft, proposed(main, look, titles)));
    } catch (failed) {
      setError(failed);
    }
  };
  const columns = looks.get(lines?.table ?? "")?.columns.map((one) => one.name) ?? [];
  return (
    <div className="op-stack" style={{ gap: 8 }} data-testid="table-lines">
      <div>
        <strong>{t("tables.lines")}</strong>
        <p className="op-hint">{t("tables.linesHelp")}</p>
      </div>
      {lines === undefined ? (
        <TablePick touchpoint={touchpoint} label={t("tables.linesAdd")} onPick={(table) => void add(table)} testId="lines-add" />
      ) : (
        <div className="op-join">
          <div className="op-row" style={{ justifyContent: "space-between" }}>
            <span className="op-code">{lines.table}</span>
            <Button size="small" type="text" icon={<DeleteOutlined />} aria-label={t("tables.joinRemove", { table: lines.table })} onClick={() => onChange(withLines(draft, undefined))} />
          </div>
          <Matches table={lines.table} on={lines.on} here={main.columns.map((one) => one.name)} there={columns} onChange={(on) => onChange(withLines(draft, { ...lines, on }))} />
          <div className="op-fields-grid">
            {LINE_FIELDS.map((field) => (
              <label key={field}>
                <span className="op-mute">{titles.get(field) ?? field}</span>
                <Select allowClear showSearch className="op-code" style={{ width: "100%" }} aria-label={titles.get(field) ?? field} placeholder={t("tables.leftOut")} value={lineColumn(lines.fields[field])} options={columns.map((value) => ({ value, label: value }))} onChange={(next: string | undefined) => onChange(withLines(draft, withLineField(lines, field, next)))} />
              </label>
            ))}
          </div>
        </div>
      )}
      {error !== null && <Problem error={error} />}
    </div>
  );
}

/** The lines as they most likely are: the order's key there, and columns called like fields. */
function proposed(main: TablePreview, look: TablePreview, titles: ReadonlyMap<string, string>): Lines {
  const there = look.columns.map((one) => one.name);
  const bare = main.table.slice(main.table.lastIndexOf(".") + 1);
  const key = keyOf(main) ?? "";
  const right = [`${bare}_${key}`, "order_id", key === "id" ? "" : key].map((wanted) => there.find((one) => one.toLowerCase() === wanted.toLowerCase())).find((one) => one !== undefined) ?? "";
  const choices = LINE_FIELDS.map((value) => ({ value, label: titles.get(value) ?? value }));
  const fields: Record<string, string> = {};
  for (const column of there) {
    const field = CALLED[column.toLowerCase()] ?? guess(column, choices);
    if (field !== "" && column !== right && !(field in fields)) fields[field] = column;
  }
  return { table: look.table, on: [[key, right]], fields };
}

/** How tills call the columns of a line. */
const CALLED: Record<string, string> = { sku: "sku_id", qty: "quantity", num: "quantity", count: "quantity", item_id: "product_id", goods_id: "product_id", title: "name", product_name: "name", price: "price" };
