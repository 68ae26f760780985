import { describe, expect, it } from "vitest";
import type { Portrait, PortraitDimension } from "@/api/segments";
import { conditionOf, customersOf, HIGHEST, leaning, LOWEST, placeOf, wanted } from "./model";

const names = {
  tags: [
    { name: "level", type: "text" },
    { name: "likes", type: "list" },
  ],
  attributes: [
    { name: "city", type: "city" },
    { name: "birthday", type: "date" },
    { name: "member", type: "boolean" },
  ],
};
const of = (kind: "tag" | "attribute" | "channel", name: string, several = false): { kind: typeof kind; name: string; several: boolean } => ({ kind, name, several });

describe("a cell of a portrait", () => {
  it("stands as far from 100 at half as at double, within the axis", () => {
    expect(placeOf(100)).toBeCloseTo(0.5);
    expect(placeOf(200) - 0.5).toBeCloseTo(0.5 - placeOf(50));
    expect([placeOf(0), placeOf(LOWEST), placeOf(HIGHEST), placeOf(5_000)]).toEqual([0, 0, 1, 1]);
  });

  it("leans only when its whole interval does", () => {
    expect(leaning({ low: 101, high: 140 })).toBe("more");
    expect(leaning({ low: 60, high: 99 })).toBe("less");
    expect(leaning({ low: 90, high: 140 })).toBe("even");
    expect(leaning({ low: null, high: null })).toBe("even");
  });

  it("becomes a condition where the language has a word for it", () => {
    expect(conditionOf("vip", of("tag", "level"), "high", names)).toEqual({ all: [{ segment: "vip" }, { tag: "level", is: "high" }] });
    expect(conditionOf("vip", of("tag", "likes", true), "tea", names)).toEqual({ all: [{ segment: "vip" }, { tag: "likes", any_of: ["tea"] }] });
    expect(conditionOf("vip", of("attribute", "city"), "Hangzhou", names)).toEqual({ all: [{ segment: "vip" }, { attribute: "city", is: "Hangzhou" }] });
    expect(conditionOf("vip", of("attribute", "member"), "true", names)).toEqual({ all: [{ segment: "vip" }, { attribute: "member", is: true }] });
    for (const [dimension, value] of [
      [of("attribute", "birthday"), "<30d"],
      [of("attribute", "age_band"), "18-24"],
      [of("channel", "channel"), "tmall"],
      [of("tag", "level"), null],
      [of("attribute", "city"), "138***00"],
      [of("tag", "gone"), "x"],
    ] as const) {
      expect(conditionOf("vip", dimension, value, names)).toBeNull();
    }
  });

  it("leads to customers by the filters of their list", () => {
    expect(customersOf("vip", of("tag", "level"), "high")).toEqual({ segment: "vip", tag: "level", value: "high" });
    expect(customersOf(null, of("tag", "level"), "high")).toEqual({ tag: "level", value: "high" });
    expect(customersOf("vip", of("attribute", "city"), "x")).toBeNull();
    expect(customersOf("vip", of("tag", "level"), null)).toBeNull();
  });
});

describe("dimensions", () => {
  it("are found by kind, title and value", () => {
    const dimension = (kind: "tag" | "attribute", name: string, title: string, value: string): PortraitDimension =>
      ({ kind, name, title: { zh: title, en: title }, cells: [{ value }] }) as unknown as PortraitDimension;
    const portrait = { dimensions: [dimension("tag", "level", "Level", "high"), dimension("attribute", "city", "City", "Hangzhou")] } as unknown as Portrait;
    const found = (kind: string | undefined, text: string): string[] => wanted(portrait, kind, text).map((one) => one.name);
    expect(found(undefined, "")).toEqual(["level", "city"]);
    expect(found("tag", "")).toEqual(["level"]);
    expect(found(undefined, "hangz")).toEqual(["city"]);
    expect(found("tag", "hangz")).toEqual([]);
  });
});
