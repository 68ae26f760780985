import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Select, Table } from "antd";
import { useState } from "react";
import { type Conflict, identity } from "@/api/identity";
import { CONFLICT_REASONS } from "@/app/routes/identity";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Exact, Money, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Frame } from "../Frame";
import { Identifier } from "../Identifier";
import { useWords } from "../words";
import { Sides } from "./Sides";
import { useVerdicts } from "./useVerdicts";
import { Verdicts } from "./Verdicts";

const SIZE = 20;

function Detail({ row }: { row: Conflict }) {
  const { title } = useText();
  const [reason, setReason] = useState("");
  const verdicts = useVerdicts();
  return (
    <div className="op-stack" style={{ padding: "4px 0 8px" }}>
      <p>{title(row.text, row.reason)}</p>
      <Verdicts verdicts={["merge", "never"]} count={1} busy={verdicts.busy} reason={reason} onReason={setReason} onVerdict={(verdict) => verdicts.decide([`conflict:${row.link_id}`], verdict, reason.trim(), () => setReason(""))} />
      <Sides a={row.customer_a} b={row.customer_b} />
    </div>
  );
}

/** Links that would have joined two customers, had a rule not forbidden it. */
/** Cells that stay on one line. */
const once = () => ({ className: "op-once" });

export function Conflicts() {
  const { t, language } = useText();
  const words = useWords();
  const { reason, page = 1, at } = useSearch({ from: "/shell/identity/conflicts" });
  const navigate = useNavigate({ from: "/identity/conflicts" });
  const list = useQuery({ ...identity.conflicts({ reason, page, size: SIZE }), refetchInterval: 15_000 });
  return (
    <Frame
      page="conflicts"
      sub={list.data === undefined ? t("oneid.subs.conflicts") : `${t("oneid.subs.conflicts")} ${t("oneid.openOnes", { count: list.data.total, figure: exact(list.data.total, language) })}`}
      actions={
        <Select
          allowClear
          style={{ width: 220 }}
          aria-label={t("oneid.byReason")}
          placeholder={t("oneid.byReason")}
          value={reason}
          options={CONFLICT_REASONS.map((one) => ({ value: one, label: words.reason(one) }))}
          onChange={(next: typeof reason) => void navigate({ search: { reason: next } })}
          data-testid="conflict-reason"
        />
      }
    >
      <section className="op-panel" aria-label={t("oneid.pages.conflicts")}>
        <Loaded query={list} rows={10}>
          {(data) => (
            <Table<Conflict>
              size="middle"
              rowKey="link_id"
              data-testid="conflicts"
              dataSource={data.items}
              loading={list.isPlaceholderData}
              pagination={data.total > SIZE ? { current: page, pageSize: SIZE, total: data.total, showSizeChanger: false, onChange: (next) => void navigate({ search: { reason, page: next } }), style: { padding: "0 16px" } } : false}
              locale={{ emptyText: <Nothing title={t("oneid.noConflicts")} text={t("oneid.noConflictsText")} /> }}
              expandable={{
                expandedRowKeys: at === undefined ? [] : [at],
                onExpand: (open, row) => void navigate({ search: (before) => ({ ...before, at: open ? row.link_id : undefined }), replace: true }),
                expandedRowRender: (row) => <Detail row={row} />,
              }}
              columns={[
                {
                  title: t("oneid.between"),
                  render: (_, row) => (
                    <>
                      <div>
                        <Identifier of={row.a} />
                      </div>
                      <div>
                        <Identifier of={row.b} />
                      </div>
                    </>
                  ),
                },
                {
                  title: t("oneid.customers"),
                  onCell: once,
                  render: (_, row) => (
                    <>
                      {[row.customer_a, row.customer_b].map((one) => (
                        <div key={one.customer_id}>
                          <CustomerName id={one.customer_id} name={one.name} />
                        </div>
                      ))}
                    </>
                  ),
                },
                { title: t("oneid.why"), render: (_, row) => words.reason(row.detail === null ? row.reason : `${row.reason}:${row.detail}`) },
                {
                  title: t("oneid.rule.title"),
                  onCell: once,
                  render: (_, row) => (
                    <>
                      {words.rule(row.rule)}
                      <span className="op-mute" style={{ display: "block" }}>{words.touchpoint(row.touchpoint)}</span>
                    </>
                  ),
                },
                { title: t("oneid.count"), align: "right", onHeaderCell: once, render: (_, row) => <Exact value={row.count} /> },
                { title: t("oneid.lastTime"), align: "right", onCell: once, render: (_, row) => <Time at={row.last_time} /> },
                { title: t("oneid.valueAtStake"), align: "right", onHeaderCell: once, render: (_, row) => <Money value={row.value} currency={row.customer_a.currency} /> },
              ]}
            />
          )}
        </Loaded>
      </section>
    </Frame>
  );
}
