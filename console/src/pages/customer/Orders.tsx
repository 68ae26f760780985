import { useQuery } from "@tanstack/react-query";
import { Table } from "antd";
import { useState } from "react";
import { type Order, queries } from "@/api/queries";
import { usePlaces } from "@/lib/places";
import { useText } from "@/lib/useText";
import { Dash, Money, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Status, type StatusKind } from "@/parts/Status";

const kinds: Record<string, StatusKind> = { paid: "ok", completed: "ok", placed: "info", refunded: "warning", closed: "idle", cancelled: "idle" };

function OrderState({ status }: { status: string | null }) {
  const { t } = useText();
  if (status === null) return <Dash />;
  const word = t(`orders.status.${status as "paid"}`, { defaultValue: status });
  return <Status kind={kinds[status] ?? "info"}>{word}</Status>;
}

export function Lines({ lines, currency }: { lines: Order["lines"]; currency: string | null }) {
  const { t } = useText();
  return (
    <Table
      size="small"
      rowKey={(line) => lines.indexOf(line)}
      dataSource={lines}
      pagination={lines.length > 20 ? { pageSize: 20, showSizeChanger: false } : false}
      columns={[
        {
          title: t("orders.product"),
          render: (_, line) => (
            <span>
              {line.name ?? line.product_id ?? line.sku_id ?? <Dash />} {line.name !== null && <span className="op-mute op-code">{line.product_id}</span>}
            </span>
          ),
        },
        { title: t("orders.category"), render: (_, line) => [line.category, line.brand].filter(Boolean).join(" / ") || <Dash /> },
        { title: t("orders.quantity"), align: "right", render: (_, line) => (line.quantity === null ? <Dash /> : Number(line.quantity)) },
        { title: t("orders.price"), align: "right", render: (_, line) => <Money value={line.price} currency={currency} /> },
        { title: t("orders.discount"), align: "right", render: (_, line) => <Money value={line.discount} currency={currency} /> },
        { title: t("orders.amount"), align: "right", render: (_, line) => <Money value={line.amount} currency={currency} /> },
      ]}
    />
  );
}

export function Orders({ id }: { id: number }) {
  const { t } = useText();
  const places = usePlaces();
  const [page, setPage] = useState(1);
  const size = 20;
  const orders = useQuery(queries.orders(id, page, size));
  return (
    <Loaded query={orders} rows={8}>
      {(data) => (
        <Table
          size="middle"
          rowKey={(order) => `${order.touchpoint ?? ""} ${order.order_id}`}
          dataSource={data.items}
          loading={orders.isPlaceholderData}
          scroll={{ x: "max-content" }}
          pagination={data.total > size ? { current: page, pageSize: size, total: data.total, showSizeChanger: false, onChange: setPage, style: { padding: "0 16px" } } : false}
          expandable={{ rowExpandable: (order) => order.lines.length > 0, expandedRowRender: (order) => <Lines lines={order.lines} currency={order.currency} /> }}
          locale={{ emptyText: <Nothing title={t("orders.none")} text={t("orders.noneText")} /> }}
          columns={[
            { title: t("orders.number"), render: (_, order) => <span className="op-code">{order.order_id}</span> },
            { title: t("orders.placed"), render: (_, order) => <Time at={order.placed_at ?? order.paid_at} /> },
            { title: t("orders.state"), render: (_, order) => <OrderState status={order.status} /> },
            { title: t("orders.amount"), align: "right", render: (_, order) => <Money value={order.amount} currency={order.currency} /> },
            { title: t("orders.discount"), align: "right", render: (_, order) => <Money value={order.discount} currency={order.currency} /> },
            {
              title: t("orders.store"),
              render: (_, order) => (
                <span>
                  {order.touchpoint !== null && places.touchpoint(order.touchpoint)} <span className="op-mute op-num">{order.store_id}</span>
                </span>
              ),
            },
            { title: t("orders.items"), align: "right", render: (_, order) => order.lines.length },
          ]}
        />
      )}
    </Loaded>
  );
}
