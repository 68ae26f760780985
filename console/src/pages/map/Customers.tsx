import { useQuery } from "@tanstack/react-query";
import { Drawer, Table } from "antd";
import { insight } from "@/api/insight";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Exact, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import type { Cell } from "./state";

interface Props {
  cell: Cell;
  title: string;
  page: number;
  onPage: (page: number) => void;
  onClose: () => void;
}

/** The customers behind a number of the map. */
export function Customers({ cell, title, page, onPage, onClose }: Props) {
  const { t } = useText();
  const size = 20;
  const list = useQuery(insight.customers({ ...cell, page, size }));
  return (
    <Drawer open title={title} onClose={onClose} size="large" data-testid="map-customers">
      <Loaded query={list} rows={8}>
        {(data) => (
          <Table
            size="small"
            rowKey="customer_id"
            dataSource={data.items}
            loading={list.isPlaceholderData}
            data-testid="map-customers-table"
            locale={{ emptyText: <Nothing title={t("map.nobody")} /> }}
            pagination={{ current: page, pageSize: size, total: data.total, showSizeChanger: false, onChange: onPage, hideOnSinglePage: true }}
            title={() => <span data-testid="map-customers-total" data-value={data.total}>{t("map.total", { figure: data.total })}</span>}
            columns={[
              { title: t("customers.columns.customer"), render: (_, row) => <CustomerName id={row.customer_id} name={row.name} newTab /> },
              { title: t("map.lastSeen"), render: (_, row) => <Time at={row.last_seen} show="relative" /> },
              { title: t("map.orders"), align: "right", render: (_, row) => <Exact value={row.orders} /> },
            ]}
          />
        )}
      </Loaded>
    </Drawer>
  );
}
