import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Segmented, Table } from "antd";
import { identity, type ReviewItem } from "@/api/identity";
import { percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Dash, Money } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Sides } from "../review/Sides";
import { WhyProposed } from "../review/WhyProposed";
import { useBits } from "../review/Weights";

const SIZE = 20;

/** Pairs just above and below a threshold: there the model's mistakes are. */
export function Pairs() {
  const { t, language } = useText();
  const bits = useBits();
  const { near = "join", page = 1, pair } = useSearch({ from: "/shell/identity/model" });
  const navigate = useNavigate({ from: "/identity/model" });
  const pairs = useQuery(identity.pairs(near, page));
  return (
    <Panel
      title={t("oneid.pairsNear")}
      flush
      extra={
        <Segmented
          size="small"
          aria-label={t("oneid.threshold")}
          value={near}
          onChange={(next) => void navigate({ search: { near: next === "join" ? undefined : "review" }, replace: true })}
          options={(["join", "review"] as const).map((one) => ({ value: one, label: t(`oneid.likelihood.${one}`) }))}
        />
      }
    >
      <Loaded query={pairs}>
        {(data) => (
          <Table<ReviewItem>
            size="middle"
            rowKey="id"
            data-testid="model-pairs"
            dataSource={data.items}
            loading={pairs.isPlaceholderData}
            pagination={data.total > SIZE ? { current: page, pageSize: SIZE, total: data.total, showSizeChanger: false, onChange: (next) => void navigate({ search: (before) => ({ ...before, page: next }) }), style: { padding: "0 16px" } } : false}
            locale={{ emptyText: <Nothing title={t("oneid.noPairs")} /> }}
            expandable={{
              expandedRowKeys: pair === undefined ? [] : [pair],
              onExpand: (open, row) => void navigate({ search: (before) => ({ ...before, pair: open ? row.id : undefined }), replace: true }),
              expandedRowRender: (row) => (
                <div className="op-stack">
                  <WhyProposed item={row} />
                  <Sides a={row.a} b={row.b} />
                </div>
              ),
            }}
            columns={[
              { title: t("oneid.left"), render: (_, row) => <CustomerName id={row.a.customer_id} name={row.a.name} /> },
              { title: t("oneid.right"), render: (_, row) => <CustomerName id={row.b.customer_id} name={row.b.name} /> },
              { title: t("oneid.weight"), align: "right", render: (_, row) => <span className="op-num">{bits(row.why.reduce((sum, one) => sum + one.weight, 0))}</span> },
              { title: t("oneid.probability"), align: "right", render: (_, row) => (row.probability === null ? <Dash /> : <span className="op-num">{percent(row.probability, language)}</span>) },
              { title: t("home.state"), render: (_, row) => t(`oneid.candidateStates.${row.status}`) },
              { title: t("oneid.valueAtStake"), align: "right", render: (_, row) => <Money value={row.value} currency={row.a.currency} /> },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}
