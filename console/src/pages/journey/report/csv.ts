/** A report as rows for a spreadsheet: what is counted, of what, how many. */
import type { Results } from "@/api/journeys";

export interface ReportRow {
  part: string;
  of: string;
  figure: string;
  value: number | null;
  [more: string]: string | number | null;
}

/** Names are those of the API, so that files of several days can be laid together. */
export function reportRows(of: Results): ReportRow[] {
  const row = (part: string, of: string, figure: string, value: number | null): ReportRow => ({ part, of, figure, value });
  return [
    row("summary", "", "entered", of.entered),
    row("summary", "", "live", of.live),
    row("summary", "", "goals", of.goal.goals),
    row("summary", "", "treated", of.goal.treated),
    row("summary", "", "rate", of.goal.rate),
    row("summary", "", "median_seconds", of.median_seconds),
    ...of.funnel.map((one) => row("funnel", one.step, "customers", one.count)),
    ...of.uplift.flatMap((one) => (["treated", "treated_goals", "control", "control_goals", "value", "low", "high", "p"] as const).map((figure) => row("uplift", one.against, figure, one[figure]))),
    ...of.fallback.flatMap((one) => (["tried", "accepted"] as const).map((figure) => row("channels", `${one.node} ${one.hop + 1} ${one.channel}`, figure, one[figure]))),
    ...of.ended.map((one) => row("ended", one.reason, "runs", one.count)),
    ...of.days.flatMap((one) => (["entered", "sends", "goals"] as const).map((figure) => row("days", one.day, figure, one[figure]))),
    ...of.segments.flatMap((one) => (["entered", "goals", "rate", "control_rate"] as const).map((figure) => row("segments", one.segment, figure, one[figure]))),
  ];
}
