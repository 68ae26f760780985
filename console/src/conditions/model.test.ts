import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { condition } from "./arbitrary";
import { headFirst } from "./heads";
import type { Json, Node } from "./model";
import { fromJson, fromJsonRoot } from "./read";
import { toJson, toJsonRoot } from "./write";

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
      { sequence: [{ did: "cart_added", times: { at_least: 2 } }] },
      { sequence: { did: "cart_added" } },
      { sequence: [{ did: "cart_added", gap: { at_most: 3 } }] },
      { sequence: [{ did: "cart_added", for: "3 days" }] },
      { consent: { purpose: "marketing", by: "x" } },
      { consent: "marketing" },
      { reachable: { touchpoint: "shop" } },
      { list: "vips", sequence: [] },
      { did: "order_paid", since: "then" },
      { did: "order_paid", since: { node: "a", at: 1 } },
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

  it("says short forms of steps and addresses in full", () => {
    const short: Json = { all: [{ reachable: "wecom" }, { sequence: [{ did: "a" }, { did: "b", gap: "2 days" }], within: "yesterday" }] };
    expect(toJson(fromJson(short))).toEqual({
      all: [{ reachable: { channel: "wecom" } }, { sequence: [{ did: "a" }, { did: "b", gap: { at_most: "2 days" } }], within: { previous: "day" } }],
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

describe("written for people", () => {
  it("says what a part is about first, and nothing else", () => {
    const said: Json = { all: [{ where: { amount: { at_least: 1 } }, within: { last: "7 days" }, did: "order_paid" }, { in: ["a"], tag: "level" }] };
    expect(JSON.stringify(headFirst(said))).toBe('{"all":[{"did":"order_paid","where":{"amount":{"at_least":1}},"within":{"last":"7 days"}},{"tag":"level","in":["a"]}]}');
  });
});
