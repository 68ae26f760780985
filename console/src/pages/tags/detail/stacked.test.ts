import { describe, expect, it } from "vitest";
import type { TagRun } from "@/api/tags";
import { stacked } from "./stacked";

const run = (...values: [string, number][]): TagRun => ({ as_of: "", at: "", version: 1, why: "run", coverage: 0, total: 0, psi: null, seconds: 0, kept: true, values: values.map(([value, count]) => ({ value, title: null, count, share: 0 })) });

describe("values over runs", () => {
  it("are shares of each run, the commonest first", () => {
    expect(stacked([run(["a", 1], ["b", 3]), run(["b", 2])], "other")).toEqual({ names: ["b", "a"], series: [[0.75, 1], [0.25, 0]] });
    expect(stacked([run()], "other")).toEqual({ names: [], series: [] });
  });

  it("beyond eight are told together, and every run sums to one", () => {
    const many = Array.from({ length: 12 }, (_, i): [string, number] => [`v${i}`, 100 - i]);
    const { names, series } = stacked([run(...many), run(["v11", 5])], "other");
    expect(names).toHaveLength(8);
    expect(names.at(-1)).toBe("other");
    for (const at of [0, 1]) expect(series.reduce((sum, one) => sum + (one[at] ?? 0), 0)).toBeCloseTo(1);
  });
});
