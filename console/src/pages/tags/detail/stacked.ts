/** Shares of values over runs, the commonest of all runs first; what is beyond eight series is one. */
import type { TagRun } from "@/api/tags";

const MOST = 7;

export function stacked(runs: TagRun[], others: string): { names: string[]; series: number[][] } {
  const totals = new Map<string, number>();
  for (const run of runs) for (const one of run.values) totals.set(one.value, (totals.get(one.value) ?? 0) + one.count);
  const ranked = [...totals].sort(([a, x], [b, y]) => y - x || a.localeCompare(b)).map(([value]) => value);
  const named = ranked.length > MOST + 1 ? ranked.slice(0, MOST) : ranked;
  const shares = runs.map((run) => {
    const all = run.values.reduce((sum, one) => sum + one.count, 0);
    const at = new Map(run.values.map((one) => [one.value, all === 0 ? 0 : one.count / all]));
    return { at, all };
  });
  const series = named.map((value) => shares.map(({ at }) => at.get(value) ?? 0));
  if (named.length === ranked.length) return { names: named, series };
  const rest = shares.map(({ all }, i) => (all === 0 ? 0 : Math.max(0, 1 - series.reduce((sum, one) => sum + (one[i] ?? 0), 0))));
  return { names: [...named, others], series: [...series, rest] };
}
