import { BarChartOutlined, TableOutlined } from "@ant-design/icons";
import { Segmented, Skeleton, theme } from "antd";
import type { EChartsCoreOption, ECharts } from "echarts/core";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { useDark } from "@/app/preferences";
import { palette } from "@/app/theme";
import { useText } from "@/lib/useText";

interface Props {
  label: string;
  height?: number;
  option: EChartsCoreOption;
  onClick?: (name: string, index: number) => void;
}

/** A chart drawn as SVG; ECharts is fetched when the first one is shown. */
export function Chart({ label, height = 240, option, onClick }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts>(null);
  const click = useRef(onClick);
  const [ready, setReady] = useState(false);
  const { token } = theme.useToken();
  const dark = useDark();
  useEffect(() => {
    click.current = onClick;
  });

  useEffect(() => {
    let gone = false;
    let watch: ResizeObserver | undefined;
    void import("./charts").then(({ init }) => {
      if (gone || place.current === null) return;
      const made = init(place.current, null, { renderer: "svg" });
      made.on("click", (event) => click.current?.(String(event.name), event.dataIndex));
      chart.current = made;
      watch = new ResizeObserver(() => made.resize());
      watch.observe(place.current);
      setReady(true);
    });
    return () => {
      gone = true;
      watch?.disconnect();
      chart.current?.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    chart.current?.setOption(
      {
        color: palette[dark ? "dark" : "light"],
        textStyle: { fontFamily: token.fontFamily, color: token.colorTextSecondary },
        animation: false,
        aria: { enabled: true, label: { description: label } },
        ...option,
      },
      { notMerge: true },
    );
  }, [ready, option, label, token, dark]);

  return (
    <div style={{ position: "relative", height }}>
      {!ready && <Skeleton active title={false} paragraph={{ rows: 4 }} />}
      <div ref={place} style={{ position: "absolute", inset: 0 }} />
    </div>
  );
}

/** Axis and grid settings shared by the charts, in the theme's colours. */
export function useChartStyle() {
  const { token } = theme.useToken();
  return useMemo(() => ({
    grid: { left: 8, right: 12, top: 16, bottom: 4, containLabel: true },
    axis: {
      axisLine: { lineStyle: { color: token.colorBorder } },
      axisTick: { show: false },
      axisLabel: { color: token.colorTextTertiary, fontSize: 12 },
      splitLine: { lineStyle: { color: token.colorBorderSecondary } },
    },
    tooltip: {
      trigger: "axis",
      confine: true,
      backgroundColor: token.colorBgElevated,
      borderColor: token.colorBorder,
      textStyle: { color: token.colorText, fontSize: 13 },
    },
  }), [token]);
}

/** What the colours of a chart mean, in the order of its series. */
export function Legend({ names }: { names: string[] }) {
  const colours = palette[useDark() ? "dark" : "light"];
  return (
    <ul className="op-legend">
      {names.map((name, i) => (
        <li key={name}>
          <span aria-hidden style={{ background: colours[i] }} />
          {name}
        </li>
      ))}
    </ul>
  );
}

/** A chart and the same figures as a table; the viewer chooses which. */
export function ChartOrTable({ chart, table }: { chart: ReactNode; table: ReactNode }) {
  const { t } = useText();
  const [as, setAs] = useState<"chart" | "table">("chart");
  return (
    <div>
      <div className="op-toggle">
        <Segmented
          size="small"
          aria-label={t("common.showAs")}
          value={as}
          onChange={setAs}
          options={[
            { value: "chart", icon: <BarChartOutlined aria-hidden />, label: t("common.chart") },
            { value: "table", icon: <TableOutlined aria-hidden />, label: t("common.table") },
          ]}
        />
      </div>
      {as === "chart" ? chart : table}
    </div>
  );
}

