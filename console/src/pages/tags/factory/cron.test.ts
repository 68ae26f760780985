import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextInstants, parseCron, type Plan, planOf, textOfPlan, WEEKDAYS } from "./cron";

const at = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 })).map(([h, m]) => `${String(h).padStart(2, "0")}:${String(m).padStart(2, "0")}`);
const plan: fc.Arbitrary<Plan> = fc.oneof(
  at.map((time): Plan => ({ every: "day", at: time })),
  fc.tuple(at, fc.subarray([...WEEKDAYS], { minLength: 1, maxLength: 6 })).map(([time, on]): Plan => ({ every: "week", on, at: time })),
  fc.tuple(at, fc.integer({ min: 1, max: 31 })).map(([time, on]): Plan => ({ every: "month", on, at: time })),
  fc.constantFrom(2, 3, 4, 6, 8, 12).map((hours): Plan => ({ every: "hours", hours })),
);

const next = (text: string, from: string, zone = "Asia/Shanghai", count = 3): string[] => {
  const cron = parseCron(text);
  if (cron === null) throw new Error(text);
  return nextInstants(cron, new Date(from), zone, count).map((one) => one.toISOString().slice(0, 16));
};

describe("schedules", () => {
  it("come back from their text as they were set", () => {
    fc.assert(fc.property(plan, (one) => void expect(planOf(textOfPlan(one))).toEqual(one)));
  });

  it("that no control can set stay as they are", () => {
    for (const text of ["0 3 * 1 *", "0,30 3 * * *", "0 3 1 * mon", "*/5 * * * *", "nonsense"]) expect(textOfPlan(planOf(text))).toBe(text);
  });

  it("are refused when they are none", () => {
    for (const text of ["", "0 3 * *", "60 3 * * *", "0 24 * * *", "0 3 0 * *", "0 3 * 13 *", "0 3 * * 8", "0 3 * * 5-2", "0 3 * * mon-", "0 5-3 * * *", "0 */0 * * *", "0 3 * * * *", "0 1/2/3 * * *"]) {
      expect([text, parseCron(text)]).toEqual([text, null]);
    }
  });

  it("come next in the workspace's zone", () => {
    expect(next("0 3 * * *", "2026-11-22T05:00:00Z")).toEqual(["2026-11-22T19:00", "2026-11-23T19:00", "2026-11-24T19:00"]);
    expect(next("0 3 * * *", "2026-11-22T18:59:59Z", "Asia/Shanghai", 1)).toEqual(["2026-11-22T19:00"]);
    expect(next("30 9 * * mon", "2026-11-22T00:00:00Z", "Asia/Shanghai", 2)).toEqual(["2026-11-23T01:30", "2026-11-30T01:30"]);
    expect(next("30 9 * * 1", "2026-11-22T00:00:00Z", "Asia/Shanghai", 2)).toEqual(["2026-11-23T01:30", "2026-11-30T01:30"]);
    expect(parseCron("0 3 * * 0,7")?.weekdays).toEqual([6]);
    expect(parseCron("0 3 * * 1-5")?.weekdays).toEqual(parseCron("0 3 * * mon-fri")?.weekdays);
    expect(parseCron("0 3 * * 1/2")?.weekdays).toEqual([0, 2, 4]);
    expect(next("0 0 31 * *", "2026-11-22T00:00:00Z", "Asia/Shanghai", 2)).toEqual(["2026-12-30T16:00", "2027-01-30T16:00"]);
    expect(next("0 0 30 2 *", "2026-11-22T00:00:00Z")).toEqual([]);
  });

  it("skip a time that the clocks skip", () => {
    // In New York the clocks go from 2:00 to 3:00 on 14 March 2027.
    expect(next("30 2 * * *", "2027-03-13T12:00:00Z", "America/New_York", 2)).toEqual(["2027-03-15T06:30", "2027-03-16T06:30"]);
  });

  it("are each later than the one before, and later than now", () => {
    fc.assert(
      fc.property(plan, fc.date({ min: new Date("2026-01-01"), max: new Date("2030-01-01"), noInvalidDate: true }), (one, from) => {
        const cron = parseCron(textOfPlan(one));
        const times = cron === null ? [] : nextInstants(cron, from, "Asia/Shanghai", 3).map((time) => time.getTime());
        expect(times).toHaveLength(3);
        expect([from.getTime(), ...times].every((time, i, all) => i === 0 || time > (all[i - 1] ?? 0))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
