import { useNavigate, useSearch } from "@tanstack/react-router";
import { Segmented, Table } from "antd";
import { useCallback, useMemo } from "react";
import type { Overview } from "@/api/identity";
import { compact, percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Chart, ChartOrTable, Legend, useChartStyle } from "@/parts/Chart";
import { Exact } from "@/parts/Figures";
import { Nothing } from "@/parts/Loaded";

const TABLE_HEIGHT = 200;

interface FiguresProps<Row> {
  rows: Row[];
  by: keyof Row & string;
  title: string;
  columns: { title: string; of: (row: Row) => number | string }[];
}

/** What a chart shows, as a table: one row for each of its places, figures to the right. */
function Figures<Row extends object>({ rows, by, title, columns }: FiguresProps<Row>) {
  return (
    <Table
      size="small"
      rowKey={by}
      dataSource={rows}
      pagination={false}
      scroll={{ y: TABLE_HEIGHT }}
      columns={[
        { title, dataIndex: by },
        ...columns.map((one) => ({
          title: one.title,
          align: "right" as const,
          render: (_: unknown, row: Row) => {
            const value = one.of(row);
            return typeof value === "number" ? <Exact value={value} /> : <span className="op-num">{value}</span>;
          },
        })),
      ]}
    />
  );
}

/** Customers that became one (up) and that came apart (down), day by day. */
export function Changes({ days }: { days: Overview["changes"] }) {
  const { t, language } = useText();
  const style = useChartStyle();
  const { days: span = 30 } = useSearch({ from: "/shell/identity" });
  const navigate = useNavigate({ from: "/identity" });
  const option = useMemo(
    () => ({
      grid: style.grid,
      tooltip: style.tooltip,
      xAxis: { type: "category", data: days.map((one) => one.day), ...style.axis, axisLine: { ...style.axis.axisLine, onZero: false }, axisLabel: { ...style.axis.axisLabel, formatter: (day: string) => day.slice(5) } },
      yAxis: { type: "value", minInterval: 1, ...style.axis, axisLine: { show: false }, axisLabel: { ...style.axis.axisLabel, formatter: (v: number) => compact(Math.abs(v), language) } },
      series: [
        { name: t("oneid.merged"), type: "bar", stack: "changes", barMaxWidth: 14, data: days.map((one) => one.merged) },
        { name: t("oneid.split"), type: "bar", stack: "changes", barMaxWidth: 14, data: days.map((one) => -one.split) },
      ],
    }),
    [days, style, t, language],
  );
  return (
    <>
      <div className="op-row" style={{ marginBottom: 4 }}>
        <Legend names={[t("oneid.merged"), t("oneid.split")]} />
        <Segmented
          size="small"
          aria-label={t("oneid.span")}
          value={span}
          onChange={(days_) => void navigate({ search: { days: days_ === 90 ? 90 : undefined }, replace: true })}
          options={[
            { value: 30, label: t("oneid.days", { count: 30 }) },
            { value: 90, label: t("oneid.days", { count: 90 }) },
          ]}
        />
      </div>
      {days.every((one) => one.merged === 0 && one.split === 0) ? (
        <Nothing title={t("oneid.noChanges")} />
      ) : (
        <ChartOrTable
          chart={<Chart label={t("oneid.changes")} height={210} option={option} />}
          table={<Figures rows={[...days].reverse()} by="day" title={t("oneid.day")} columns={[{ title: t("oneid.merged"), of: (one) => one.merged }, { title: t("oneid.split"), of: (one) => one.split }]} />}
        />
      )}
    </>
  );
}

/** The share of customers with more than one identifier, at the end of each day, by when they were seen. */
export function Joined({ days }: { days: Overview["joined"] }) {
  const { t, language } = useText();
  const style = useChartStyle();
  const said = useCallback((value: number | null) => (value === null ? "–" : percent(value, language)), [language]);
  const option = useMemo(
    () => ({
      grid: style.grid,
      tooltip: { ...style.tooltip, valueFormatter: (value: number | null) => said(value) },
      xAxis: { type: "category", data: days.map((one) => one.day), ...style.axis, axisLabel: { ...style.axis.axisLabel, formatter: (day: string) => day.slice(5) } },
      yAxis: { type: "value", min: 0, ...style.axis, axisLine: { show: false }, axisLabel: { ...style.axis.axisLabel, formatter: (value: number) => percent(value, language) } },
      series: [{ name: t("oneid.joinedShare"), type: "line", showSymbol: false, data: days.map(share) }],
    }),
    [days, style, t, language, said],
  );
  if (days.every((one) => one.customers === 0)) return <Nothing title={t("oneid.noIdentifiers")} />;
  return (
    <ChartOrTable
      chart={<Chart label={t("oneid.joinedShare")} height={200} option={option} />}
      table={
        <Figures
          rows={[...days].reverse()}
          by="day"
          title={t("oneid.day")}
          columns={[
            { title: t("oneid.customers"), of: (one) => one.customers },
            { title: t("oneid.joinedOnes"), of: (one) => one.joined },
            { title: t("oneid.joinedShare"), of: (one) => said(share(one)) },
          ]}
        />
      }
    />
  );
}

const share = (one: Overview["joined"][number]) => (one.customers === 0 ? null : one.joined / one.customers);

/** How many customers have how many identifiers. */
export function Sizes({ sizes }: { sizes: Overview["sizes"] }) {
  const { t, language } = useText();
  const style = useChartStyle();
  const option = useMemo(
    () => ({
      grid: style.grid,
      tooltip: { ...style.tooltip, axisPointer: { type: "shadow" } },
      xAxis: { type: "category", data: sizes.map((one) => one.identifiers), ...style.axis },
      yAxis: { type: "value", ...style.axis, axisLine: { show: false }, axisLabel: { ...style.axis.axisLabel, formatter: (v: number) => compact(v, language) } },
      series: [{ name: t("oneid.customers"), type: "bar", barMaxWidth: 36, data: sizes.map((one) => one.customers), label: { show: true, position: "top", color: style.axis.axisLabel.color, formatter: ({ value }: { value: number }) => compact(value, language) } }],
    }),
    [sizes, style, t, language],
  );
  if (sizes.length === 0) return <Nothing title={t("oneid.noIdentifiers")} />;
  return (
    <ChartOrTable
      chart={<Chart label={t("oneid.sizes")} height={240} option={option} />}
      table={<Figures rows={sizes} by="identifiers" title={t("oneid.identifiers")} columns={[{ title: t("oneid.customers"), of: (one) => one.customers }]} />}
    />
  );
}
