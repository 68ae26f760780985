import { describe, expect, it } from "vitest";
import type { Channel } from "@/api/touchpoints";
import { limited } from "./Limits";

const channel = {
  quotas: [
    { name: "day", count: 40, unverified: true },
    { name: "sure", count: 9, unverified: false },
  ],
  windows: [{ allowance: "reply", messages: 5, seconds: 86_400, unverified: true }],
} as unknown as Channel;

describe("limits of a touchpoint", () => {
  it("are those of its channel where it says nothing", () => {
    expect(limited(channel, {})).toEqual(channel);
  });
  it("are those that it sets, and then they are no guess any more; what was checked can't be set", () => {
    const found = limited(channel, { limit_day: 1, limit_sure: 1, window_reply_hours: 12 });
    expect(found.quotas.map((one) => [one.count, one.unverified])).toEqual([[1, false], [9, false]]);
    expect(found.windows.map((one) => [one.messages, one.seconds, one.unverified])).toEqual([[5, 43_200, false]]);
  });
});
