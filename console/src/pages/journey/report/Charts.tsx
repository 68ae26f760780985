import { useMemo } from "react";
import type { Results } from "@/api/journeys";
import { span } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Chart, Legend, useChartStyle } from "@/parts/Chart";

export function TimeChart({ of }: { of: Results }) {
  const { t, language } = useText();
  const { grid, axis, tooltip } = useChartStyle();
  const option = useMemo(
    () => ({
      grid,
      tooltip,
      xAxis: { type: "category", data: of.time_to_goal.map((one) => (one.upto_seconds === null ? t("journey.report.later") : span(one.upto_seconds, language))), ...axis },
      yAxis: { type: "value", min: 0, minInterval: 1, ...axis },
      series: [{ type: "bar", name: t("journey.report.goals"), data: of.time_to_goal.map((one) => one.count), barMaxWidth: 36 }],
    }),
    [of, grid, axis, tooltip, t, language],
  );
  return <Chart label={t("journey.report.timeToGoal")} height={220} option={option} />;
}

export function DaysChart({ of }: { of: Results }) {
  const { t } = useText();
  const { grid, axis, tooltip } = useChartStyle();
  const option = useMemo(
    () => ({
      grid,
      tooltip,
      xAxis: { type: "category", data: of.days.map((one) => one.day), ...axis },
      yAxis: { type: "value", min: 0, minInterval: 1, ...axis },
      series: [
        { type: "line", name: t("journey.list.entered"), data: of.days.map((one) => one.entered), showSymbol: of.days.length < 3 },
        { type: "line", name: t("journey.report.sends"), data: of.days.map((one) => one.sends), showSymbol: of.days.length < 3 },
        { type: "line", name: t("journey.report.goals"), data: of.days.map((one) => one.goals), showSymbol: of.days.length < 3 },
      ],
    }),
    [of, grid, axis, tooltip, t],
  );
  return (
    <>
      <Legend names={[t("journey.list.entered"), t("journey.report.sends"), t("journey.report.goals")]} />
      <Chart label={t("journey.report.days")} height={200} option={option} />
    </>
  );
}
