import { describe, expect, it } from "vitest";
import { compact, dateTime, day, exact, money, percent, relative, span, instantOf } from "./format";

const WAN = "\u4e07";
const YI = "\u4ebf";

describe("numbers", () => {
  it("are exact with separators", () => {
    expect(exact(1_234_567, "zh-CN")).toBe("1,234,567");
    expect(exact(0.5, "en", 2)).toBe("0.5");
  });

  it("are short in the language's own units from ten thousand on", () => {
    expect(compact(9_999, "zh-CN")).toBe("9,999");
    expect(compact(12_345, "zh-CN")).toBe(`1.23${WAN}`);
    expect(compact(138_204, "zh-CN")).toBe(`13.82${WAN}`);
    expect(compact(12_480_221, "zh-CN")).toBe(`1248${WAN}`);
    expect(compact(2_345_678_901, "zh-CN")).toBe(`23.46${YI}`);
    expect(compact(1_234_567, "en")).toBe("1.23M");
    expect(compact(-12_345, "en")).toBe("-12.35K");
  });

  it("show shares with one decimal and never a false zero", () => {
    expect(percent(0.1234, "en")).toBe("12.3%");
    expect(percent(1, "zh-CN")).toBe("100.0%");
    expect(percent(0, "en")).toBe("0.0%");
    expect(percent(0.00001, "en")).toBe("<0.1%");
  });

  it("show money with its currency, also one nobody knows", () => {
    expect(money("1234.5", "USD", "en")).toBe("$1,234.50");
    expect(money(3, "CNY", "zh-CN")).toBe("\u00a53.00");
    expect(money("12", null, "en")).toBe("12.00");
    expect(money("12", "points", "en")).toBe("12.00 points");
    expect(money("n/a", "USD", "en")).toBe("n/a");
  });
});

describe("times", () => {
  const at = "2026-11-21T16:05:09Z";

  it("are shown in the given zone", () => {
    expect(dateTime(at, "Asia/Shanghai")).toBe("2026-11-22 00:05");
    expect(dateTime(at, "America/New_York", true)).toBe("2026-11-21 11:05:09");
    expect(day(at, "Asia/Shanghai")).toBe("2026-11-22");
  });

  it("are told from now", () => {
    const now = new Date("2026-11-21T16:08:09Z");
    expect(relative(at, now, "en")).toBe("3 minutes ago");
    expect(relative("2026-11-19T16:05:09Z", now, "en")).toBe("2 days ago");
    expect(relative("2026-11-21T16:08:30Z", now, "en")).toBe("now");
    expect(relative("2024-11-19T16:05:09Z", now, "en")).toBe("2 years ago");
  });

  it("measure spans in at most two units", () => {
    expect(span(0, "en")).toBe("<1 ms");
    expect(span(0.042, "en")).toBe("42 ms");
    expect(span(2.44, "en")).toBe("2.4 sec");
    expect(span(125, "en")).toBe("2 min");
    expect(span(3_725, "en")).toBe("1 hr 2 min");
    expect(span(90_000, "en")).toBe("1 day 1 hr");
  });
});

describe("instantOf", () => {
  it("reads a time on the workspace's clock, wherever the viewer is", () => {
    expect(instantOf("2026-11-23T06:34", "Asia/Shanghai").toISOString()).toBe("2026-11-22T22:34:00.000Z");
    expect(instantOf("2026-11-01T12:00", "America/New_York").toISOString()).toBe("2026-11-01T17:00:00.000Z");
    expect(instantOf("2026-10-31T23:30", "America/New_York").toISOString()).toBe("2026-11-01T03:30:00.000Z");
  });
});
