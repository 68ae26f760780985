import { Table } from "antd";
import { useMemo } from "react";
import type { ModelCard } from "@/api/tags";
import { exact, percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Chart, ChartOrTable, Legend, useChartStyle } from "@/parts/Chart";
import { Exact } from "@/parts/Figures";
import { Panel } from "@/parts/PageHead";
import { Share } from "@/parts/Share";

const TOP = 15;

/** What decides most. */
export function Features({ features }: { features: ModelCard["features"] }) {
  const { t, title, language } = useText();
  const style = useChartStyle();
  const ranked = useMemo(() => [...features].sort((a, b) => b.weight - a.weight), [features]);
  const shown = ranked.slice(0, TOP);
  const option = useMemo(() => {
    const top = ranked.slice(0, TOP);
    return {
      grid: { ...style.grid, right: 56 },
      tooltip: { ...style.tooltip, axisPointer: { type: "shadow" }, valueFormatter: (v: unknown) => percent(Number(v), language) },
      xAxis: { type: "value", min: 0, ...style.axis, axisLabel: { ...style.axis.axisLabel, formatter: (v: number) => percent(v, language) } },
      yAxis: { type: "category", inverse: true, data: top.map((one) => title(one.title, one.name)), ...style.axis, axisLabel: { ...style.axis.axisLabel, width: 170, overflow: "truncate" } },
      series: [{ name: t("card.weight"), type: "bar", barMaxWidth: 14, data: top.map((one) => one.weight), label: { show: true, position: "right", color: style.axis.axisLabel.color, formatter: ({ value }: { value: number }) => percent(value, language) } }],
    };
  }, [ranked, style, t, title, language]);
  return (
    <Panel title={t("card.features")} testId="card-features">
      <ChartOrTable
        chart={<Chart label={t("card.features")} height={60 + shown.length * 24} option={option} />}
        table={
          <Table
            size="small"
            rowKey="name"
            dataSource={ranked}
            pagination={ranked.length > TOP ? { pageSize: TOP, showSizeChanger: false } : false}
            columns={[
              {
                title: t("card.feature"),
                render: (_, one) => (
                  <>
                    {title(one.title, one.name)} <span className="op-mute op-code">{one.name}</span>
                  </>
                ),
              },
              { title: t("card.weight"), width: 180, render: (_, one) => <Share share={one.weight} label={title(one.title, one.name)} /> },
            ]}
          />
        }
      />
    </Panel>
  );
}

/** What was predicted against what came; on the line both are the same. */
export function Calibration({ bins }: { bins: ModelCard["calibration"] }) {
  const { t, language } = useText();
  const style = useChartStyle();
  const option = useMemo(() => {
    const most = Math.max(0.01, ...bins.flatMap((one) => [one.predicted, one.observed]));
    const shares = most <= 1;
    const label = (v: number): string => (shares ? percent(v, language) : exact(v, language, 1));
    const axis = { type: "value", min: 0, max: shares ? Math.min(1, Math.ceil(most * 10) / 10) : undefined, ...style.axis, axisLabel: { ...style.axis.axisLabel, formatter: label } };
    return {
      grid: { ...style.grid, bottom: 24 },
      tooltip: { ...style.tooltip, trigger: "item", formatter: ({ data }: { data: [number, number] }) => `${t("card.predicted")} ${label(data[0])}<br/>${t("card.observed")} ${label(data[1])}` },
      xAxis: { ...axis, name: t("card.predicted"), nameLocation: "middle", nameGap: 26 },
      yAxis: axis,
      series: [
        { name: t("card.observed"), type: "line", symbolSize: 7, data: [...bins].sort((a, b) => a.predicted - b.predicted).map((one) => [one.predicted, one.observed]) },
        { name: t("card.perfect"), type: "line", symbol: "none", silent: true, lineStyle: { width: 1, type: "dashed" }, data: [[0, 0], [axis.max ?? most, axis.max ?? most]] },
      ],
    };
  }, [bins, style, t, language]);
  return (
    <Panel title={t("card.calibration")} testId="card-calibration">
      <ChartOrTable
        chart={
          <>
            <Legend names={[t("card.observed"), t("card.perfect")]} />
            <Chart label={t("card.calibration")} height={240} option={option} />
          </>
        }
        table={
          <Table
            size="small"
            rowKey="predicted"
            dataSource={bins}
            pagination={false}
            columns={[
              { title: t("card.predicted"), align: "right", render: (_, one) => <Exact value={one.predicted} digits={4} /> },
              { title: t("card.observed"), align: "right", render: (_, one) => <Exact value={one.observed} digits={4} /> },
              { title: t("nav.customers"), align: "right", render: (_, one) => <Exact value={one.customers} /> },
            ]}
          />
        }
      />
    </Panel>
  );
}

/** How much better the highest tenth does than everybody. */
export function Lift({ bins }: { bins: ModelCard["lift"] }) {
  const { t, language } = useText();
  const style = useChartStyle();
  const option = useMemo(
    () => ({
      grid: style.grid,
      tooltip: { ...style.tooltip, axisPointer: { type: "shadow" }, valueFormatter: (v: unknown) => exact(Number(v), language, 2) },
      xAxis: { type: "category", data: bins.map((one) => String(one.decile)), ...style.axis },
      yAxis: { type: "value", min: 0, ...style.axis },
      series: [{ name: t("card.lift"), type: "bar", barMaxWidth: 28, data: bins.map((one) => one.lift), label: { show: true, position: "top", color: style.axis.axisLabel.color, formatter: ({ value }: { value: number }) => exact(value, language, 2) } }],
    }),
    [bins, style, t, language],
  );
  return (
    <Panel title={t("card.liftTitle")} testId="card-lift">
      <ChartOrTable
        chart={<Chart label={t("card.liftTitle")} height={220} option={option} />}
        table={
          <Table
            size="small"
            rowKey="decile"
            dataSource={bins}
            pagination={false}
            columns={[
              { title: t("card.decile"), align: "right", render: (_, one) => <span className="op-num">{one.decile}</span> },
              { title: t("nav.customers"), align: "right", render: (_, one) => <Exact value={one.customers} /> },
              { title: t("card.cameTrue"), align: "right", render: (_, one) => <Exact value={one.positives} digits={1} /> },
              { title: t("card.rate"), align: "right", render: (_, one) => <Exact value={one.rate} digits={4} /> },
              { title: t("card.lift"), align: "right", render: (_, one) => <Exact value={one.lift} digits={2} /> },
              { title: t("card.captured"), align: "right", render: (_, one) => percent(one.captured, language) },
            ]}
          />
        }
      />
      <p className="op-hint">{t("card.liftHint")}</p>
    </Panel>
  );
}
