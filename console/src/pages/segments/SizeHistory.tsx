import { Table } from "antd";
import { useMemo } from "react";
import type { SizePoint } from "@/api/segments";
import { compact, dateTime, day } from "@/lib/format";
import { useZone } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Chart, ChartOrTable, Legend, useChartStyle } from "@/parts/Chart";
import { Exact } from "@/parts/Figures";
import { Nothing } from "@/parts/Loaded";

interface Props {
  points: SizePoint[];
  hourly: boolean;
}

/** The size as a line, with a mark where a version was published, and below it who came and who went. */
export function SizeHistory({ points, hourly }: Props) {
  const { t, language } = useText();
  const zone = useZone();
  const style = useChartStyle();
  const option = useMemo(() => {
    const times = points.map((p) => (hourly ? dateTime(p.start, zone) : day(p.start, zone)) + (p.version === null ? "" : ` (v${p.version})`));
    const figures = { ...style.axis.axisLabel, formatter: (v: number) => compact(Math.abs(v), language) };
    const days = { ...style.axis.axisLabel, formatter: (at: string) => at.slice(5, hourly ? 16 : 10) };
    const value = { type: "value", ...style.axis, axisLine: { show: false }, axisLabel: figures };
    // Sizes above, comings and goings below, on one time axis: their scales differ too much for one plane.
    return {
      grid: [
        { left: 56, right: 12, top: 10, height: 110 },
        { left: 56, right: 12, top: 142, height: 70 },
      ],
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      tooltip: style.tooltip,
      xAxis: [
        { type: "category", data: times, ...style.axis, axisLabel: { show: false } },
        { type: "category", data: times, gridIndex: 1, ...style.axis, axisLine: { ...style.axis.axisLine, onZero: false }, axisLabel: days },
      ],
      yAxis: [
        { ...value, scale: true, splitNumber: 3 },
        { ...value, gridIndex: 1, splitNumber: 2 },
      ],
      series: [
        { name: t("segments.size"), type: "line", showSymbol: true, lineStyle: { width: 2 }, data: points.map((p) => ({ value: p.size, symbol: p.version !== null ? "diamond" : points.length < 3 ? "circle" : "none", symbolSize: p.version !== null ? 11 : 6 })) },
        { name: t("segments.entered"), type: "bar", stack: "moves", xAxisIndex: 1, yAxisIndex: 1, barMaxWidth: 10, data: points.map((p) => p.entered) },
        { name: t("segments.left"), type: "bar", stack: "moves", xAxisIndex: 1, yAxisIndex: 1, barMaxWidth: 10, data: points.map((p) => -p.left) },
      ],
    };
  }, [points, hourly, zone, style, t, language]);
  if (points.length === 0) return <Nothing title={t("segments.noHistory")} text={t("segments.noHistoryText")} />;
  return (
    <ChartOrTable
      chart={
        <>
          <Legend names={[t("segments.size"), t("segments.entered"), t("segments.left")]} />
          {points.some((p) => p.version !== null) && <p className="op-mute" style={{ fontSize: 12.5 }}>{t("segments.versionMark")}</p>}
          <Chart label={t("segments.history")} height={240} option={option} />
        </>
      }
      table={
        <Table
          size="small"
          rowKey="start"
          dataSource={[...points].reverse()}
          pagination={false}
          scroll={{ y: 200 }}
          columns={[
            { title: t("segments.at"), render: (_, p) => (hourly ? dateTime(p.start, zone) : day(p.start, zone)) },
            { title: t("segments.size"), align: "right", render: (_, p) => <Exact value={p.size} /> },
            { title: t("segments.entered"), align: "right", render: (_, p) => <Exact value={p.entered} /> },
            { title: t("segments.left"), align: "right", render: (_, p) => <Exact value={p.left} /> },
            { title: t("segments.version"), align: "right", render: (_, p) => p.version !== null && `v${p.version}` },
          ]}
        />
      }
    />
  );
}
