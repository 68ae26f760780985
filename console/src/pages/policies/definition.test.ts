import { describe, expect, it } from "vitest";
import type { JsonObject } from "@/conditions/model";
import { capsIn, hoursText, paceOf, readHours, withCaps, withEntry, withPace } from "./definition";

describe("a policy in its forms", () => {
  const caps: JsonObject[] = [{ count: 1, per: "local_day" }, { count: 3, per: "rolling 7 days", channel: "sms" }];
  const policy: JsonObject = { policy: "default", caps };

  it("keeps caps of other cells", () => {
    const next = withCaps(policy, { category: "promotion", channel: "sms" }, [{ count: 2, per: "local_day" }]);
    expect(next.caps).toEqual([...caps, { count: 2, per: "local_day", category: "promotion", channel: "sms" }]);
    expect(capsIn(next, { category: undefined, channel: "sms" })).toEqual([caps[1]]);
    expect(withCaps({ caps: [{ count: 1 }] }, { category: undefined, channel: undefined }, [])).toEqual({});
  });

  it("says that there are no quiet hours by an empty map, which is not the same as saying nothing", () => {
    expect(withEntry({ quiet: { promotion: { from: "22:00", to: "09:00" } } }, "quiet", "promotion", undefined)).toEqual({ quiet: {} });
    expect(withEntry({ prices: { sms: 0.05 } }, "prices", "sms", undefined)).toEqual({});
  });

  it("reads one limit of an account like a list of them, and drops accounts without any", () => {
    const one = { pace: { sms: { count: 10, per: "second" } } };
    expect(paceOf(one, "sms")).toEqual([{ count: 10, per: "second" }]);
    expect(withPace(one, "sms", [...paceOf(one, "sms"), { count: 500, per: "day" }])).toEqual({ pace: { sms: [{ count: 10, per: "second" }, { count: 500, per: "day" }] } });
    expect(withPace(one, "sms", [])).toEqual({});
    expect(paceOf({}, "sms")).toEqual([]);
  });

  it("reads and writes hours", () => {
    expect(readHours("08:00-21:00, 22:00 – 24:00")).toEqual([{ from: "08:00", to: "21:00" }, { from: "22:00", to: "24:00" }]);
    expect([readHours("8-21"), readHours("25:00-26:00"), readHours("")]).toEqual([null, null, []]);
    expect(hoursText([{ from: "08:00", to: "21:00" }])).toBe("08:00-21:00");
  });
});
