import { SearchOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Input, Space, Table } from "antd";
import type { SorterResult } from "antd/es/table/interface";
import { useState } from "react";
import { type CustomerRow, type CustomersQuery, queries } from "@/api/queries";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Loaded, Nothing } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { useColumns, ColumnChooser } from "./columns";
import { Filters } from "./Filters";

const SORTABLE = ["last_seen", "first_seen", "orders", "spend"] as const;

function sortOf(sorter: SorterResult<CustomerRow>): CustomersQuery["sort"] {
  const key = SORTABLE.find((one) => one === sorter.columnKey);
  if (key === undefined || !sorter.order) return undefined;
  return sorter.order === "descend" ? `-${key}` : key;
}

export function Customers() {
  const { t, language } = useText();
  const search = useSearch({ from: "/shell/customers" });
  const navigate = useNavigate({ from: "/customers" });
  // The address may change without the box (back button, a link from a tag): then what was typed before is void.
  const [box, setBox] = useState({ q: search.q, typed: search.q ?? "" });
  const typed = box.q === search.q ? box.typed : (search.q ?? "");
  const page = search.page ?? 1;
  const size = search.size ?? 20;
  const list = useQuery(
    queries.customers({ q: search.q, segment: search.segment, tag: search.tag, tag_value: search.value, sort: search.sort ?? "-last_seen", page, size }),
  );
  const columns = useColumns(search.cols, search.sort ?? "-last_seen");

  const change = (next: Partial<typeof search>): void => {
    void navigate({ search: (before) => ({ ...before, page: undefined, ...next }) });
  };

  const find = (q: string): void => change({ q: q.trim() === "" ? undefined : q.trim() });

  const filtered = search.q !== undefined || search.segment !== undefined || search.tag !== undefined;
  return (
    <>
      <PageHead
        title={t("nav.customers")}
        sub={
          list.data === undefined ? (
            " "
          ) : (
            <span data-testid="customers-total" data-value={list.data.total}>
              {list.data.approximate ? "~" : ""}
              {t(filtered ? "customers.found" : "customers.total", { count: list.data.total, figure: exact(list.data.total, language) })}
              {search.q !== undefined && list.data.total > 0 && ` · ${t(`customers.matched.${list.data.matched_by}`)}`}
            </span>
          )
        }
        actions={<ColumnChooser chosen={columns.chosen} all={columns.all} onChange={(cols) => change({ cols, page: search.page })} />}
      />
      <div className="op-row" style={{ marginBottom: 12, gap: 12 }}>
        <form
          role="search"
          data-search
          style={{ flex: "1 1 340px", maxWidth: 520 }}
          onSubmit={(event) => {
            event.preventDefault();
            find(typed);
          }}
        >
          <Space.Compact block>
            <Input
              allowClear
              size="large"
              value={typed}
              aria-label={t("customers.search")}
              placeholder={t("customers.searchHint")}
              onChange={(event) => setBox({ q: search.q, typed: event.target.value })}
              onClear={() => find("")}
              data-testid="customer-search"
            />
            <Button size="large" htmlType="submit" icon={<SearchOutlined />} aria-label={t("customers.search")} />
          </Space.Compact>
        </form>
        <Filters segment={search.segment} tag={search.tag} value={search.value} onChange={change} />
        {filtered && (
          <Button type="link" onClick={() => change({ q: undefined, segment: undefined, tag: undefined, value: undefined })}>
            {t("customers.clear")}
          </Button>
        )}
      </div>
      <section className="op-panel" aria-label={t("nav.customers")}>
        <Loaded query={list} rows={12}>
          {(data) => (
            <Table<CustomerRow>
              size="middle"
              rowKey="customer_id"
              data-testid="customers-table"
              dataSource={data.items}
              columns={columns.shown}
              loading={list.isPlaceholderData}
              showSorterTooltip={false}
              scroll={{ x: "max-content" }}
              onChange={(pagination, _, sorter, { action }) => {
                if (action === "sort" && !Array.isArray(sorter)) change({ sort: sortOf(sorter) });
                if (action === "paginate") change({ page: pagination.current, size: pagination.pageSize });
              }}
              pagination={{ current: page, pageSize: size, total: data.total, showSizeChanger: true, pageSizeOptions: [20, 50, 100], style: { padding: "0 16px" } }}
              locale={{
                emptyText: filtered ? (
                  <Nothing title={t("customers.noneFound")} text={t("customers.noneFoundText")} />
                ) : (
                  <Nothing title={t("customers.none")} text={t("customers.noneText")} actions={<code className="op-code">onepool import customers customers.csv</code>} />
                ),
              }}
            />
          )}
        </Loaded>
      </section>
    </>
  );
}
