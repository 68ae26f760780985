import { describe, expect, it } from "vitest";
import { applied } from "./fix";
import type { Json } from "./model";

const problem = (place: string, suggestion: string | null, message = "there is no such thing"): { place: string; message: string; suggestion: string | null } => ({ place, message, suggestion });

describe("a proposed word", () => {
  it("takes the place of a wrong name of an event, tag or segment", () => {
    const condition: Json = { all: [{ did: "order_payed" }, { not: { segment: "vpi" } }] };
    expect(applied(condition, problem("all[0].did", "order_paid"))).toEqual({ all: [{ did: "order_paid" }, { not: { segment: "vpi" } }] });
    expect(applied(condition, problem("all[1].not.segment", "vip"))).toEqual({ all: [{ did: "order_payed" }, { not: { segment: "vip" } }] });
  });

  it("takes the place of a wrong field, also of one with a point in it, and leaves its tests", () => {
    const condition: Json = { sequence: [{ did: "order_paid", where: { "items.categry": { is: "a" }, amount: { is: 1 } } }] };
    expect(applied(condition, problem("sequence[0].where.items.categry", "items.category"))).toEqual({
      sequence: [{ did: "order_paid", where: { "items.category": { is: "a" }, amount: { is: 1 } } }],
    });
    expect(applied({ did: "x", where: { in: { is: 1 } } }, problem("where.in", "min"))).toEqual({ did: "x", where: { min: { is: 1 } } });
  });

  it("takes the place of a word that the language does not know", () => {
    expect(applied({ did: "x", widthin: { last: "3 days" } }, problem("widthin", "within"))).toEqual({ did: "x", within: { last: "3 days" } });
    expect(applied({ did: "x", sum: { of: "amout", at_least: 3 } }, problem("sum.of", "amount"))).toEqual({ did: "x", sum: { of: "amount", at_least: 3 } });
  });

  it("changes only the wrong one of several values", () => {
    const condition: Json = { tag: "level", in: ["high", "lwo"] };
    expect(applied(condition, problem("in", "low", "there is no value of the tag level lwo"))).toEqual({ tag: "level", in: ["high", "low"] });
    expect(applied(condition, problem("in", "low", "one of them is not known"))).toBeNull();
  });

  it("changes nothing without a proposal or at a place that is not there", () => {
    expect(applied({ did: "x" }, problem("did", null))).toBeNull();
    expect(applied({ did: "x" }, problem("all[3].did", "y"))).toBeNull();
    expect(applied({ did: "x" }, problem("", "y"))).toBeNull();
  });
});
