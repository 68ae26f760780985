import { useQuery } from "@tanstack/react-query";
import { Table } from "antd";
import { useMemo } from "react";
import { type TagDetail, type TagRun, tags } from "@/api/tags";
import { compact, day, exact, percent, span } from "@/lib/format";
import { useZone } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Chart, ChartOrTable, Legend, useChartStyle } from "@/parts/Chart";
import { Exact, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Drift } from "../words";
import { Jobs } from "./Jobs";
import { stacked } from "./stacked";

function Coverage({ runs }: { runs: TagRun[] }) {
  const { t, language } = useText();
  const zone = useZone();
  const style = useChartStyle();
  const option = useMemo(
    () => ({
      grid: style.grid,
      tooltip: { ...style.tooltip, valueFormatter: (v: unknown) => percent(Number(v), language) },
      xAxis: { type: "category", data: runs.map((one) => day(one.as_of, zone)), ...style.axis },
      yAxis: { type: "value", min: 0, max: 1, ...style.axis, axisLabel: { ...style.axis.axisLabel, formatter: (v: number) => percent(v, language) } },
      series: [{ name: t("tags.coverage"), type: "line", symbolSize: 6, data: runs.map((one) => (one.total === 0 ? 0 : one.coverage / one.total)) }],
    }),
    [runs, style, t, language, zone],
  );
  return <Chart label={t("runs.coverage")} height={190} option={option} />;
}

function Drifts({ runs }: { runs: TagRun[] }) {
  const { t, language } = useText();
  const zone = useZone();
  const style = useChartStyle();
  const option = useMemo(
    () => ({
      grid: style.grid,
      tooltip: { ...style.tooltip, valueFormatter: (v: unknown) => (typeof v === "number" ? exact(v, language, 3) : "") },
      xAxis: { type: "category", data: runs.map((one) => day(one.as_of, zone)), ...style.axis },
      yAxis: { type: "value", min: 0, max: ({ max }: { max: number }) => Math.max(0.3, max), ...style.axis, axisLabel: { ...style.axis.axisLabel, formatter: (v: number) => exact(v, language, 2) } },
      series: [{ name: "PSI", type: "line", symbolSize: 6, data: runs.map((one) => one.psi) }],
    }),
    [runs, style, language, zone],
  );
  return <Chart label={t("runs.psi")} height={190} option={option} />;
}

/** The share of each value from run to run. */
function Spread({ runs, titles }: { runs: TagRun[]; titles: TagDetail["value_titles"] }) {
  const { t, valueTitle, language } = useText();
  const zone = useZone();
  const style = useChartStyle();
  const { names: values, series } = useMemo(() => stacked(runs, t("factory.others")), [runs, t]);
  const names = values.map((one) => valueTitle(titles, one));
  const option = useMemo(
    () => ({
      grid: style.grid,
      tooltip: { ...style.tooltip, axisPointer: { type: "shadow" }, valueFormatter: (v: unknown) => percent(Number(v), language) },
      xAxis: { type: "category", data: runs.map((one) => day(one.as_of, zone)), ...style.axis },
      yAxis: { type: "value", min: 0, max: 1, ...style.axis, axisLabel: { ...style.axis.axisLabel, formatter: (v: number) => percent(v, language) } },
      series: names.map((name, i) => ({ name, type: "bar", stack: "all", barMaxWidth: 32, data: series[i] })),
    }),
    [runs, names, series, style, language, zone],
  );
  return (
    <ChartOrTable
      chart={
        <>
          <Legend names={names} />
          <Chart label={t("runs.spread")} height={230} option={option} />
        </>
      }
      table={
        <Table
          size="small"
          rowKey="as_of"
          scroll={{ x: "max-content" }}
          dataSource={runs}
          pagination={runs.length > 20 ? { pageSize: 20, showSizeChanger: false } : false}
          columns={[{ title: t("runs.asOf"), render: (_, run) => <Time at={run.as_of} /> }, ...names.map((name, i) => ({ title: name, align: "right" as const, render: (_: unknown, __: TagRun, row: number) => percent(series[i]?.[row] ?? 0, language) }))]}
        />
      }
    />
  );
}

export function Runs({ tag }: { tag: TagDetail }) {
  const { t, language } = useText();
  const query = useQuery(tags.runs(tag.name));
  return (
    <div className="op-stack">
      <Jobs tag={tag} />
      <Loaded query={query} rows={8}>
        {({ items }) => {
          // The charts go from the oldest to the newest.
          const rising = [...items].sort((a, b) => a.as_of.localeCompare(b.as_of));
          return (
            <>
              {items.length > 0 && (
                <div className="op-two" style={{ gridTemplateColumns: "minmax(0, 1fr) minmax(0, 1fr)" }}>
                  <Panel title={t("runs.coverage")}>
                    <Coverage runs={rising} />
                  </Panel>
                  <Panel title={t("runs.psi")}>
                    <Drifts runs={rising} />
                    <p className="op-hint">{t("runs.psiText")}</p>
                  </Panel>
                </div>
              )}
              {items.some((one) => one.values.length > 0) && (
                <Panel title={t("runs.spread")}>
                  <Spread runs={rising} titles={tag.value_titles} />
                </Panel>
              )}
              <Panel title={t("runs.label")} flush>
                <Table
                  size="small"
                  rowKey={(one) => `${one.as_of} ${one.at}`}
                  data-testid="tag-runs"
                  dataSource={items}
                  pagination={items.length > 15 ? { pageSize: 15, showSizeChanger: false, style: { padding: "0 16px" } } : false}
                  locale={{ emptyText: <Nothing title={t("runs.none")} text={t(tag.mode === "live" ? "runs.noneLive" : "runs.noneText")} /> }}
                  columns={[
                    { title: t("runs.asOf"), render: (_, one) => <Time at={one.as_of} /> },
                    { title: t("runs.why"), render: (_, one) => t(`runs.whys.${one.why as "run"}`, { defaultValue: one.why }) },
                    { title: t("tags.version"), align: "right", render: (_, one) => <span className="op-num">{one.version}</span> },
                    { title: t("tags.covered"), align: "right", render: (_, one) => <Exact value={one.coverage} /> },
                    { title: t("tags.coverage"), align: "right", render: (_, one) => (one.total === 0 ? "" : percent(one.coverage / one.total, language)) },
                    { title: t("tags.drift"), render: (_, one) => <Drift psi={one.psi} /> },
                    { title: t("runs.seconds"), align: "right", render: (_, one) => span(one.seconds, language) },
                    { title: t("runs.at"), align: "right", render: (_, one) => <Time at={one.at} show="relative" /> },
                    { title: t("runs.kept"), render: (_, one) => t(one.kept ? "runs.keptValues" : "runs.keptFigures") },
                  ]}
                />
              </Panel>
              {items.length > 0 && <p className="op-hint">{t("runs.total", { count: items.length, customers: compact(tag.total, language) })}</p>}
            </>
          );
        }}
      </Loaded>
    </div>
  );
}
