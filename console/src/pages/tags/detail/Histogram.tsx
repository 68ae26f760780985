import { Table } from "antd";
import { useMemo } from "react";
import type { TagDetail } from "@/api/tags";
import { compact, exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Chart, ChartOrTable, useChartStyle } from "@/parts/Chart";
import { Exact } from "@/parts/Figures";

type Bar = NonNullable<TagDetail["spread"]>["bars"][number];

/** How the customers are spread over the numbers, in bars of one width; far numbers lie in an open bar at the end. */
export function Histogram({ bars }: { bars: Bar[] }) {
  const { t, language } = useText();
  const style = useChartStyle();
  const [names, ranges] = useMemo(() => {
    const figure = (value: number): string => exact(value, language, 2);
    const range = ({ low, high }: Bar): string => (low === null ? `< ${figure(high ?? 0)}` : high === null ? `\u2265 ${figure(low)}` : `${figure(low)} – ${figure(high)}`);
    return [bars.map((one) => (one.low === null || one.high === null ? range(one) : figure(one.low))), bars.map(range)];
  }, [bars, language]);
  const option = useMemo(
    () => ({
      grid: style.grid,
      tooltip: { ...style.tooltip, axisPointer: { type: "shadow" }, formatter: ([one]: { dataIndex: number }[]) => (one === undefined ? "" : `${ranges[one.dataIndex]}: ${exact(bars[one.dataIndex]?.count ?? 0, language)}`) },
      xAxis: { type: "category", data: names, ...style.axis },
      yAxis: { type: "value", min: 0, minInterval: 1, ...style.axis, axisLabel: { ...style.axis.axisLabel, formatter: (v: number) => compact(v, language) } },
      series: [{ name: t("nav.customers"), type: "bar", barCategoryGap: "4%", data: bars.map((one) => one.count) }],
    }),
    [bars, names, ranges, style, t, language],
  );
  return (
    <div data-testid="tag-histogram">
      <ChartOrTable
        chart={<Chart label={t("tags.histogram")} height={240} option={option} />}
        table={
          <Table
            size="small"
            rowKey="name"
            dataSource={bars.map((one, i) => ({ name: ranges[i], count: one.count }))}
            pagination={false}
            columns={[
              { title: t("tags.range"), dataIndex: "name" },
              { title: t("nav.customers"), align: "right", render: (_, one) => <Exact value={one.count} /> },
            ]}
          />
        }
      />
    </div>
  );
}
