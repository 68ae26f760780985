import { Table, Tag } from "antd";
import type { Customer } from "@/api/queries";
import { usePlaces } from "@/lib/places";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Copy } from "@/parts/Loaded";

export function Identifiers({ rows }: { rows: Customer["identifiers"] }) {
  const { t, title } = useText();
  const places = usePlaces();
  return (
    <Table
      size="middle"
      rowKey={(row) => `${row.type} ${row.scope} ${row.value}`}
      dataSource={rows}
      pagination={rows.length > 50 ? { pageSize: 50 } : false}
      scroll={{ x: "max-content" }}
      columns={[
        {
          title: t("customer.idType"),
          render: (_, row) => (
            <span>
              {title(row.title, row.type)}
              {row.scope !== "" && <span className="op-code op-mute" style={{ display: "block" }} title={t("customer.idScope")}>{row.scope}</span>}
            </span>
          ),
        },
        {
          title: t("customer.idValue"),
          render: (_, row) => (
            <span className="op-code">
              {row.value} {!row.masked && <Copy text={row.value} label={t("common.copy")} />}
            </span>
          ),
        },
        {
          title: t("home.touchpoints"),
          render: (_, row) => (
            <span className="op-chips">
              {row.touchpoints.map((name) => (
                <Tag key={name} variant="filled" style={{ marginInlineEnd: 0 }}>
                  {places.touchpoint(name)}
                </Tag>
              ))}
            </span>
          ),
        },
        { title: t("customer.firstSeen"), align: "right", render: (_, row) => <Time at={row.first_seen} /> },
        { title: t("customer.lastSeen"), align: "right", render: (_, row) => <Time at={row.last_seen} /> },
      ]}
    />
  );
}
