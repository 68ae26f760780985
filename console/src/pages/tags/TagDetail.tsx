import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Table } from "antd";
import { useMemo } from "react";
import { stringify } from "yaml";
import { queries, type Tag } from "@/api/queries";
import { compact, exact, percent } from "@/lib/format";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Chart, ChartOrTable, useChartStyle } from "@/parts/Chart";
import { Count, Exact, Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { Share } from "@/parts/Share";
import { UsedBy } from "@/parts/UsedBy";
import { useTagWords } from "./Tags";

const BARS = 20;

function Distribution({ tag }: { tag: Tag }) {
  const { t, language } = useText();
  const navigate = useNavigate();
  const style = useChartStyle();
  const shown = useMemo(() => tag.distribution.slice(0, BARS), [tag]);
  const open = (value: string): void => void navigate({ to: "/customers", search: { tag: tag.name, value } });
  const option = useMemo(
    () => ({
      grid: { ...style.grid, right: 72 },
      tooltip: { ...style.tooltip, axisPointer: { type: "shadow" } },
      xAxis: { type: "value", ...style.axis, axisLabel: { ...style.axis.axisLabel, formatter: (v: number) => compact(v, language) } },
      yAxis: { type: "category", inverse: true, data: shown.map((one) => one.value), ...style.axis, axisLabel: { ...style.axis.axisLabel, width: 150, overflow: "truncate" } },
      series: [
        {
          name: t("nav.customers"),
          type: "bar",
          barMaxWidth: 18,
          cursor: "pointer",
          data: shown.map((one) => one.count),
          label: { show: true, position: "right", color: style.axis.axisLabel.color, formatter: ({ dataIndex }: { dataIndex: number }) => percent(shown[dataIndex]?.share ?? 0, language) },
        },
      ],
    }),
    [shown, style, t, language],
  );
  if (tag.distribution.length === 0) return <Nothing title={t("tags.noValues")} text={t("tags.noValuesText")} />;
  return (
    <>
      <ChartOrTable
        chart={<Chart label={t("tags.distribution")} height={Math.max(140, 40 + shown.length * 28)} option={option} onClick={(_, index) => open(shown[index]?.value ?? "")} />}
        table={
          <Table
            size="small"
            rowKey="value"
            dataSource={tag.distribution}
            pagination={tag.distribution.length > 20 ? { pageSize: 20, showSizeChanger: false } : false}
            columns={[
              {
                title: t("tags.value"),
                render: (_, one) => (
                  <Link to="/customers" search={{ tag: tag.name, value: one.value }}>
                    {one.value}
                  </Link>
                ),
              },
              { title: t("nav.customers"), align: "right", render: (_, one) => <Exact value={one.count} /> },
              { title: t("tags.share"), width: 220, render: (_, one) => <Share share={one.share} label={one.value} /> },
            ]}
          />
        }
      />
      <div className="op-row" style={{ marginTop: 8 }}>
        <span className="op-mute">{t("tags.customersWith")}</span>
        {shown.slice(0, 8).map((one) => (
          <Link key={one.value} to="/customers" search={{ tag: tag.name, value: one.value }} className="op-chip" data-testid="tag-value">
            {one.value} <small className="op-num">{compact(one.count, language)}</small>
          </Link>
        ))}
      </div>
    </>
  );
}

function Spread({ spread }: { spread: NonNullable<Tag["spread"]> }) {
  const { t } = useText();
  const names = ["minimum", "p25", "median", "mean", "p75", "maximum"] as const;
  return (
    <Panel title={t("tags.spread")}>
      <dl className="op-facts" style={{ gridTemplateColumns: "max-content 1fr" }}>
        {names.map((name) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{t(`tags.quantiles.${name}`)}</dt>
            <dd style={{ textAlign: "right" }}>
              <Exact value={spread[name]} digits={2} />
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

export function TagDetail() {
  const { t, title, language } = useText();
  const words = useTagWords();
  const { name } = useParams({ from: "/shell/tags/$name" });
  const tag = useQuery(queries.tag(name));
  return (
    <Loaded query={tag} rows={12}>
      {(data) => (
        <>
          <PageHead
            crumb={<Link to="/tags">{t("nav.tags")}</Link>}
            title={title(data.title, data.name)}
            sub={
              <>
                <span className="op-code">{data.name}</span> · {words.kind(data.kind)}
                {data.owner !== null && ` · ${data.owner}`}
              </>
            }
          />
          <div className="op-stack">
            <Figures label={t("tags.figures")}>
              <Figure label={t("tags.covered")} note={data.total > 0 && t("tags.ofAll", { share: percent(data.coverage / data.total, language), total: exact(data.total, language) })}>
                <Link to="/customers" search={{ tag: data.name }} style={{ color: "inherit" }}>
                  <Count value={data.coverage} />
                </Link>
              </Figure>
              <Figure label={t("tags.values")}>
                <Count value={data.distribution.length} />
              </Figure>
              <Figure small label={t("tags.asOf")} note={data.as_of !== null && <Time at={data.as_of} />}>
                <Time at={data.as_of} show="relative" />
              </Figure>
              <Figure small label={t("tags.version")} note={author(data.author)}>
                {data.version}
              </Figure>
            </Figures>
            <div className="op-two">
              <Panel title={t("tags.distribution")}>
                <Distribution tag={data} />
              </Panel>
              <div className="op-stack">
                {data.spread !== null && <Spread spread={data.spread} />}
                <Panel title={t("tags.definition")}>
                  <pre className="op-pre">{stringify(data.definition, { lineWidth: 0 })}</pre>
                </Panel>
                <Panel title={t("tags.usedBy")}>
                  <UsedBy names={data.used_by} none={t("tags.unusedText")} />
                </Panel>
              </div>
            </div>
          </div>
        </>
      )}
    </Loaded>
  );
}
