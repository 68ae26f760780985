import { Table } from "antd";
import { useMemo } from "react";
import { compact, dateTime } from "@/lib/format";
import { useZone } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Chart, ChartOrTable, useChartStyle } from "@/parts/Chart";
import { Exact } from "@/parts/Figures";
import { Nothing } from "@/parts/Loaded";

interface Point {
  at: string;
  size: number;
  entered: number;
  left: number;
}

/** The size as a line; who came and who went as bars above and below zero on a second axis. */
export function SizeHistory({ points }: { points: Point[] }) {
  const { t, language } = useText();
  const zone = useZone();
  const style = useChartStyle();
  const option = useMemo(() => {
    const value = { type: "value", ...style.axis, axisLine: { show: false }, axisLabel: { ...style.axis.axisLabel, formatter: (v: number) => compact(v, language) } };
    return {
      grid: { ...style.grid, top: 34 },
      tooltip: style.tooltip,
      legend: { top: 0, left: 0, itemWidth: 12, itemHeight: 8, textStyle: { color: style.axis.axisLabel.color } },
      xAxis: { type: "category", data: points.map((p) => dateTime(p.at, zone)), ...style.axis, axisLabel: { ...style.axis.axisLabel, formatter: (at: string) => at.slice(5, 10) } },
      yAxis: [value, { ...value, splitLine: { show: false }, position: "right" }],
      series: [
        { name: t("segments.size"), type: "line", showSymbol: points.length < 3, lineStyle: { width: 2 }, data: points.map((p) => p.size) },
        { name: t("segments.entered"), type: "bar", stack: "moves", yAxisIndex: 1, barMaxWidth: 10, data: points.map((p) => p.entered) },
        { name: t("segments.left"), type: "bar", stack: "moves", yAxisIndex: 1, barMaxWidth: 10, data: points.map((p) => -p.left) },
      ],
    };
  }, [points, zone, style, t, language]);
  if (points.length === 0) return <Nothing title={t("segments.noHistory")} text={t("segments.noHistoryText")} />;
  return (
    <ChartOrTable
      chart={<Chart label={t("segments.history")} height={230} option={option} />}
      table={
        <Table
          size="small"
          rowKey="at"
          dataSource={[...points].reverse()}
          pagination={false}
          scroll={{ y: 200 }}
          columns={[
            { title: t("segments.at"), render: (_, p) => dateTime(p.at, zone) },
            { title: t("segments.size"), align: "right", render: (_, p) => <Exact value={p.size} /> },
            { title: t("segments.entered"), align: "right", render: (_, p) => <Exact value={p.entered} /> },
            { title: t("segments.left"), align: "right", render: (_, p) => <Exact value={p.left} /> },
          ]}
        />
      }
    />
  );
}
