import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { condition } from "./arbitrary";
import { fromJson, fromJsonRoot, type Json, type Node, toJson, toJsonRoot } from "./model";

function leaves(node: Node): Node[] {
  return node.kind === "group" ? node.children.flatMap(leaves) : [node];
}

describe("condition JSON and the editor's form", () => {
  it("gives every canonical condition back unchanged, with a control for each part", () => {
    fc.assert(
      fc.property(condition, (json) => {
        const node = fromJson(json);
        expect(toJson(node)).toEqual(json);
        expect(leaves(node).filter((leaf) => leaf.kind === "raw")).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it("loses nothing of JSON that is no condition", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const json = value as Json;
        expect(toJson(fromJson(json))).toEqual(json);
      }),
      { numRuns: 500 },
    );
  });

  it("keeps unknown parts as they are", () => {
    const odd: Json[] = [
      { sequence: [{ did: "cart_added" }, { did_not: "order_paid", for: "3 days" }], within: { last: "60 days" } },
      { attribute: "city", near: { km: 3 } },
      { did: "order_paid", did_not: "order_paid" },
      { did: "order_paid", sum: { at_least: 3 } },
      { did: "order_paid", times: { at_least: 1 }, days: { at_least: 1 } },
      { segment: "vip", since: "x" },
      null,
      "text",
    ];
    for (const json of odd) {
      expect(fromJson(json).kind).toBe("raw");
      expect(toJson(fromJson(json))).toEqual(json);
    }
  });

  it("says short forms in full", () => {
    const short: Json = { did: "order_paid", where: { category: "a", city: ["b", "c"] }, at: { channel: "tmall" }, times: 3, within: "today" };
    expect(toJson(fromJson(short))).toEqual({
      did: "order_paid",
      where: { category: { is: "a" }, city: { in: ["b", "c"] } },
      at: { channel: ["tmall"] },
      times: { is: 3 },
      within: { this: "day" },
    });
  });

  it("shows a condition of one leaf as a group of one, and saves it as the leaf", () => {
    const leaf = { did: "order_paid" };
    const root = fromJsonRoot(leaf);
    expect(root.children).toHaveLength(1);
    expect(toJsonRoot(root)).toEqual(leaf);
    expect(toJsonRoot(fromJsonRoot({ not: { all: [leaf] } }))).toEqual({ not: { all: [leaf] } });
  });
});
