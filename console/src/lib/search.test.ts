import { describe, expect, it } from "vitest";
import { placeAfter } from "@/pages/login/next";
import { byDay } from "@/pages/customer/days";
import { freshName, NAME } from "@/pages/segments/naming";
import { count, id, names, oneOf, text } from "./search";

describe("what stands in the address", () => {
  it("is read or left out, never an error", () => {
    expect(text({ q: "a" }, "q")).toBe("a");
    expect(text({ q: 13800000000 }, "q")).toBe("13800000000");
    expect(text({ q: "" }, "q")).toBeUndefined();
    expect(text({ q: { a: 1 } }, "q")).toBeUndefined();
    expect(count({ page: "3" }, "page")).toBe(3);
    expect(count({ page: -1 }, "page")).toBeUndefined();
    expect(count({ size: 5000 }, "size", 200)).toBeUndefined();
    expect(id({ link: 0 }, "link")).toBe(0);
    expect(id({ link: "" }, "link")).toBeUndefined();
    expect(id({ link: 1.5 }, "link")).toBeUndefined();
    expect(oneOf({ tab: "orders" }, "tab", ["orders"] as const)).toBe("orders");
    expect(oneOf({ tab: "x" }, "tab", ["orders"] as const)).toBeUndefined();
    expect(names({ cols: "a,,b" }, "cols")).toEqual(["a", "b"]);
  });

  it("leads back only to places of the console", () => {
    expect(placeAfter("/customers?q=1")).toBe("/customers?q=1");
    for (const bad of [undefined, "https://evil.example", "//evil.example", "/\\evil.example", "customers"]) expect(placeAfter(bad)).toBe("/");
  });
});

describe("small things of the pages", () => {
  it("timeline: days in the workspace's zone, in the order given", () => {
    const at = (time: string): { time: string } => ({ time });
    const days = byDay([at("2026-11-21T16:30:00Z"), at("2026-11-21T15:30:00Z"), at("2026-11-21T01:00:00Z")], "Asia/Shanghai");
    expect(days.map((one) => [one.day, one.items.length])).toEqual([
      ["2026-11-22", 1],
      ["2026-11-21", 2],
    ]);
  });

  it("segments: fresh names are allowed names", () => {
    expect(freshName(new Date(2026, 10, 21, 9, 5))).toBe("segment_20261121_0905");
    expect(NAME.test(freshName(new Date()))).toBe(true);
    expect(NAME.test("1a")).toBe(false);
  });
});
