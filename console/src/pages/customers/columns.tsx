import { SettingOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Checkbox, Popover, Tag } from "antd";
import type { ColumnType } from "antd/es/table";
import { type CustomerRow, queries } from "@/api/queries";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Dash, Exact, Money, Time } from "@/parts/Figures";

const BASIC = ["customer", "phone", "email", "orders", "spend", "last_seen", "first_seen", "tags"] as const;
const DEFAULT: readonly string[] = ["customer", "phone", "orders", "spend", "tags", "last_seen"];
const TAGS_SHOWN = 3;

export interface Choice {
  key: string;
  label: string;
  group: "basic" | "attributes" | "tags";
}

function Tags({ values, titles, called }: { values: CustomerRow["tags"]; titles: Map<string, string>; called: (tag: string, value: string) => string }) {
  const all = Object.entries(values);
  if (all.length === 0) return <Dash />;
  return (
    <span className="op-row" style={{ gap: 4, flexWrap: "nowrap" }}>
      {all.slice(0, TAGS_SHOWN).map(([tag, value]) => (
        <Tag key={tag} title={`${titles.get(tag) ?? tag}: ${called(tag, value)}`} variant="filled" style={{ marginInlineEnd: 0, maxWidth: 130, overflow: "hidden", textOverflow: "ellipsis" }}>
          {called(tag, value)}
        </Tag>
      ))}
      {all.length > TAGS_SHOWN && <span className="op-mute op-num">+{all.length - TAGS_SHOWN}</span>}
    </span>
  );
}

/** The table's columns: the chosen ones of the basic facts, the standard's attributes (a.name) and the tags (t.name). */
export function useColumns(cols: string | undefined, sort: string) {
  const { t, title, valueTitle } = useText();
  const standard = useQuery(queries.standard());
  const tags = useQuery(queries.tags());
  const chosen = cols === undefined ? [...DEFAULT] : cols.split(",");
  const words = new Map(tags.data?.items.map((one) => [one.name, one.value_titles]));
  // Several values come joined by a comma and a space.
  const called = (tag: string, value: string): string => {
    const known = words.get(tag);
    return known?.[value] === undefined ? value.split(", ").map((one) => valueTitle(known, one)).join(", ") : valueTitle(known, value);
  };
  const tagTitles = new Map(tags.data?.items.map((one) => [one.name, title(one.title, one.name)]));
  const all: Choice[] = [
    ...BASIC.map((key) => ({ key, label: t(`customers.columns.${key}`), group: "basic" as const })),
    ...(standard.data?.attributes ?? []).map((one) => ({ key: `a.${one.name}`, label: title(one.title, one.name), group: "attributes" as const })),
    ...(tags.data?.items ?? []).map((one) => ({ key: `t.${one.name}`, label: title(one.title, one.name), group: "tags" as const })),
  ];
  const order = (key: string): ColumnType<CustomerRow>["sortOrder"] => (sort === key ? "ascend" : sort === `-${key}` ? "descend" : null);
  const sortable = (key: string): ColumnType<CustomerRow> => ({ key, sorter: true, sortOrder: order(key), sortDirections: ["descend", "ascend"] });
  const basic: Record<string, ColumnType<CustomerRow>> = {
    customer: {
      key: "customer",
      fixed: "left",
      render: (_, row) => <CustomerName id={row.customer_id} name={row.name} testId="customer-link" />,
    },
    phone: { key: "phone", render: (_, row) => row.phone ?? <Dash /> },
    email: { key: "email", render: (_, row) => row.email ?? <Dash /> },
    orders: { ...sortable("orders"), align: "right", render: (_, row) => <Exact value={row.orders} /> },
    spend: { ...sortable("spend"), align: "right", render: (_, row) => <Money value={row.spend} currency={row.currency} /> },
    last_seen: { ...sortable("last_seen"), align: "right", render: (_, row) => <Time at={row.last_seen} /> },
    first_seen: { ...sortable("first_seen"), align: "right", render: (_, row) => <Time at={row.first_seen} /> },
    tags: { key: "tags", render: (_, row) => <Tags values={row.tags} titles={tagTitles} called={called} /> },
  };
  const shown = all
    .filter((choice) => chosen.includes(choice.key))
    .map((choice): ColumnType<CustomerRow> => {
      const name = choice.key.slice(2);
      if (choice.group === "attributes") return { title: choice.label, key: choice.key, render: (_, row) => row.attributes[name] ?? <Dash /> };
      if (choice.group === "tags") return { title: choice.label, key: choice.key, render: (_, row) => (row.tags[name] === undefined ? <Dash /> : called(name, row.tags[name])) };
      return { title: choice.label, ...basic[choice.key] };
    });
  return { all, chosen, shown };
}

export function ColumnChooser({ all, chosen, onChange }: { all: Choice[]; chosen: string[]; onChange: (cols: string | undefined) => void }) {
  const { t } = useText();
  const groups = ["basic", "attributes", "tags"] as const;
  return (
    <Popover
      trigger="click"
      placement="bottomRight"
      title={t("customers.columnsTitle")}
      content={
        <div style={{ width: 420, maxHeight: 420, overflow: "auto" }}>
          {groups.map((group) => {
            const options = all.filter((choice) => choice.group === group);
            if (options.length === 0) return null;
            return (
              <fieldset key={group} style={{ border: 0, padding: 0, margin: "0 0 12px" }}>
                <legend className="op-mute" style={{ fontSize: 13 }}>
                  {t(`customers.columnGroups.${group}`)}
                </legend>
                <Checkbox.Group
                  value={chosen.filter((key) => options.some((one) => one.key === key))}
                  onChange={(now) => {
                    const others = chosen.filter((key) => !options.some((one) => one.key === key));
                    onChange([...others, ...now].join(","));
                  }}
                  style={{ display: "grid", gridTemplateColumns: "1fr 1fr", gap: "4px 12px" }}
                  options={options.map((one) => ({ value: one.key, label: one.label, disabled: one.key === "customer" }))}
                />
              </fieldset>
            );
          })}
          <Button size="small" onClick={() => onChange(undefined)}>
            {t("customers.columnsReset")}
          </Button>
        </div>
      }
    >
      <Button icon={<SettingOutlined />} data-testid="columns">
        {t("customers.columnsTitle")}
      </Button>
    </Popover>
  );
}
