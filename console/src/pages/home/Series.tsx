import { Table } from "antd";
import { useMemo } from "react";
import type { Home } from "@/api/queries";
import { compact, dateTime } from "@/lib/format";
import { useZone } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Chart, ChartOrTable, Legend, useChartStyle } from "@/parts/Chart";
import { Exact } from "@/parts/Figures";

/** Accepted and quarantined by hour, as stacked bars from zero. */
export function Series({ points }: { points: Home["series"] }) {
  const { t, language } = useText();
  const zone = useZone();
  const style = useChartStyle();
  const option = useMemo(
    () => ({
      grid: style.grid,
      tooltip: style.tooltip,
      xAxis: {
        type: "category",
        data: points.map((p) => dateTime(p.hour, zone)),
        ...style.axis,
        axisLabel: { ...style.axis.axisLabel, formatter: (at: string) => at.slice(11) },
      },
      yAxis: { type: "value", minInterval: 1, ...style.axis, axisLine: { show: false }, axisLabel: { ...style.axis.axisLabel, formatter: (v: number) => compact(v, language) } },
      series: [
        { name: t("home.accepted"), type: "bar", stack: "in", barMaxWidth: 16, data: points.map((p) => p.accepted) },
        { name: t("home.quarantined"), type: "bar", stack: "in", barMaxWidth: 16, data: points.map((p) => p.quarantined) },
      ],
    }),
    [points, zone, style, t, language],
  );
  return (
    <ChartOrTable
      chart={
        <>
          <Legend names={[t("home.accepted"), t("home.quarantined")]} />
          <Chart label={t("home.series")} height={220} option={option} />
        </>
      }
      table={
        <Table
          size="small"
          rowKey="hour"
          dataSource={[...points].reverse()}
          pagination={false}
          scroll={{ y: 200 }}
          columns={[
            { title: t("home.hour"), render: (_, p) => dateTime(p.hour, zone) },
            { title: t("home.accepted"), align: "right", render: (_, p) => <Exact value={p.accepted} /> },
            { title: t("home.quarantined"), align: "right", render: (_, p) => <Exact value={p.quarantined} /> },
          ]}
        />
      }
    />
  );
}
