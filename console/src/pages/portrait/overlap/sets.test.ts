import { describe, expect, it } from "vitest";
import { chosen, conditionOf, keyOf } from "./sets";

describe("overlaps", () => {
  it("say an intersection as a condition", () => {
    expect(conditionOf({ in: ["a", "b"], out: ["c"], count: 3 })).toEqual({ all: [{ segment: "a" }, { segment: "b" }, { not: { segment: "c" } }] });
    expect(conditionOf({ in: ["a"], out: [], count: 3 })).toEqual({ segment: "a" });
  });

  it("take from the address what there is, once, and not too many", () => {
    const known = new Set(["a", "b", "c", "d", "e", "f", "g"]);
    expect(chosen("b,a,b,zzz", known)).toEqual(["b", "a"]);
    expect(chosen("a,b,c,d,e,f,g", known)).toHaveLength(6);
    expect(chosen(undefined, known)).toEqual([]);
  });

  it("name an intersection the same whatever the order", () => {
    expect(keyOf({ in: ["b", "a"] })).toBe(keyOf({ in: ["a", "b"] }));
  });
});
