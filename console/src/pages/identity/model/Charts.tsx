import { Table } from "antd";
import { useMemo } from "react";
import type { Model } from "@/api/identity";
import { compact, exact, percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Chart, ChartOrTable, Legend, useChartStyle } from "@/parts/Chart";
import { Dash, Exact } from "@/parts/Figures";
import { Nothing } from "@/parts/Loaded";
import { band } from "./bands";

interface Props {
  model: Model;
  thresholds: { join: number; review: number };
}

/** Pairs by weight, in three bands: left alone, to review, joined. Heights are logarithmic: those left alone outnumber all others. */
export function Histogram({ model, thresholds }: Props) {
  const { t, language } = useText();
  const style = useChartStyle();
  const rows = model.histogram;
  const bands = ["join", "review", "none"] as const;
  const names = bands.map((one) => t(`oneid.bands.${one}`));
  const option = useMemo(
    () => ({
      grid: style.grid,
      tooltip: { ...style.tooltip, axisPointer: { type: "shadow" } },
      xAxis: { type: "category", data: rows.map((one) => exact(one.weight, language, 1)), name: t("oneid.weight"), nameLocation: "middle", nameGap: 26, ...style.axis },
      yAxis: { type: "log", min: 0.5, ...style.axis, axisLine: { show: false }, axisLabel: { ...style.axis.axisLabel, formatter: (v: number) => (v < 1 ? "0" : compact(v, language)) } },
      series: bands.map((one, i) => ({ name: names[i], type: "bar", barGap: "-100%", barCategoryGap: "10%", data: rows.map((row) => (band(row.probability, thresholds) === one && row.pairs > 0 ? row.pairs : null)) })),
    }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the names follow the language
    [rows, thresholds.join, thresholds.review, style, language],
  );
  if (rows.length === 0) return <Nothing title={t("oneid.noPairs")} text={t("oneid.noPairsText")} />;
  return (
    <ChartOrTable
      chart={
        <>
          <Legend names={names} />
          <Chart label={t("oneid.histogram")} height={240} option={option} />
        </>
      }
      table={
        <Table
          size="small"
          rowKey="weight"
          dataSource={[...rows].reverse()}
          pagination={false}
          scroll={{ y: 200 }}
          columns={[
            { title: t("oneid.weight"), align: "right", render: (_, one) => exact(one.weight, language, 1) },
            { title: t("oneid.probability"), align: "right", render: (_, one) => percent(one.probability, language) },
            { title: t("oneid.pairs"), align: "right", render: (_, one) => <Exact value={one.pairs} /> },
            { title: t("oneid.outcomeOf"), render: (_, one) => t(`oneid.bands.${band(one.probability, thresholds)}`) },
          ]}
        />
      }
    />
  );
}

/** Expected precision and recall by threshold; the two thresholds in force stand upright. */
export function Curve({ model, thresholds }: Props) {
  const { t, language } = useText();
  const style = useChartStyle();
  const rows = model.curve;
  const names = [t("oneid.precision"), t("oneid.recall"), t("oneid.likelihood.join"), t("oneid.likelihood.review")];
  const option = useMemo(() => {
    const share = (v: number): string => percent(v, language);
    const upright = (name: string | undefined, at: number) => ({ name, type: "line", symbol: "none", lineStyle: { width: 1.5, type: "dashed" }, tooltip: { show: false }, data: [[at, 0], [at, 1]] });
    return {
      grid: { ...style.grid, right: 24 },
      tooltip: { ...style.tooltip, valueFormatter: (v: unknown) => (typeof v === "number" ? share(v) : "") },
      xAxis: { type: "value", min: 0, max: 1, ...style.axis, axisLabel: { ...style.axis.axisLabel, formatter: share } },
      yAxis: { type: "value", min: 0, max: 1, ...style.axis, axisLine: { show: false }, axisLabel: { ...style.axis.axisLabel, formatter: share } },
      series: [
        { name: names[0], type: "line", showSymbol: rows.length < 3, lineStyle: { width: 2 }, data: rows.map((one) => [one.threshold, one.precision]) },
        { name: names[1], type: "line", showSymbol: rows.length < 3, lineStyle: { width: 2 }, data: rows.map((one) => [one.threshold, one.recall]) },
        upright(names[2], thresholds.join),
        upright(names[3], thresholds.review),
      ],
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the names follow the language
  }, [rows, thresholds.join, thresholds.review, style, language]);
  if (rows.length === 0) return <Nothing title={t("oneid.noCurve")} />;
  // A line of 100 % and one of 0 % would say nothing of a model that finds nobody.
  if (rows.every((one) => one.pairs === 0)) return <Nothing title={t("oneid.noPairs")} text={t("oneid.noPairsText")} />;
  const figure = (value: number | null) => (value === null ? <Dash /> : <span className="op-num">{percent(value, language)}</span>);
  return (
    <ChartOrTable
      chart={
        <>
          <Legend names={names} />
          <Chart label={t("oneid.curve")} height={240} option={option} />
        </>
      }
      table={
        <Table
          size="small"
          rowKey="threshold"
          dataSource={rows}
          pagination={false}
          scroll={{ y: 200 }}
          columns={[
            { title: t("oneid.threshold"), align: "right", render: (_, one) => exact(one.threshold, language, 3) },
            { title: t("oneid.precision"), align: "right", render: (_, one) => figure(one.precision) },
            { title: t("oneid.recall"), align: "right", render: (_, one) => figure(one.recall) },
            { title: t("oneid.pairs"), align: "right", render: (_, one) => <Exact value={one.pairs} /> },
          ]}
        />
      }
    />
  );
}
