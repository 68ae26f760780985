import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { AutoComplete, Button, Input } from "antd";
import { queries } from "@/api/queries";
import { useText } from "@/lib/useText";
import { free } from "@/pages/messages/definition";
import { BASES, type Column, type What } from "./model";

interface Props {
  what: What;
  columns: Column[];
  onChange: (columns: Column[]) => void;
}

/** The columns there and what each is taken from; nothing that is not named goes out. */
export function Columns({ what, columns, onChange }: Props) {
  const { t } = useText();
  const names = useQuery(queries.names()).data;
  const sources = [...BASES[what], ...(names?.attributes ?? []).map((one) => `attribute.${one.name}`), ...(names?.tags ?? []).map((one) => `tag.${one.name}`), "identifier.phone", "identifier.unionid", "identifier.member_no"];
  const set = (at: number, next: Partial<Column>): void => onChange(columns.map((one, i) => (i === at ? { ...one, ...next } : one)));
  const add = (): void => {
    const source = sources.find((one) => !columns.some((column) => column.source === one)) ?? "customer_id";
    onChange([...columns, { name: free(columns.map((one) => one.name), source.replace(/^\w+\./, "")), source }]);
  };
  return (
    <div className="op-stack" style={{ gap: 8 }} data-testid="destination-columns">
      <span className="op-mute">{t("outlets.columns")}</span>
      {columns.map((column, at) => (
        <div className="op-row" key={at} style={{ flexWrap: "nowrap" }}>
          <Input className="op-code" aria-label={t("outlets.column")} spellCheck={false} value={column.name} onChange={(event) => set(at, { name: event.target.value })} />
          <span aria-hidden>←</span>
          <AutoComplete
            style={{ width: "100%" }}
            className="op-code"
            aria-label={t("outlets.source")}
            value={column.source}
            options={sources.map((one) => ({ value: one }))}
            showSearch={{ filterOption: (typed, option) => option?.value.includes(typed) ?? false }}
            onChange={(next: string) => set(at, { source: next })}
          />
          <Button type="text" icon={<DeleteOutlined />} aria-label={t("outlets.removeColumn", { name: column.name })} onClick={() => onChange(columns.filter((_, i) => i !== at))} />
        </div>
      ))}
      <div>
        <Button size="small" icon={<PlusOutlined />} onClick={add} data-testid="destination-add-column">
          {t("outlets.addColumn")}
        </Button>
      </div>
    </div>
  );
}
