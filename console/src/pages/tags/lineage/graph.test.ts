import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { around, connected, type Graph, type LineageKind, reached, withoutFields } from "./graph";
import { laidOut } from "./layout";

const node = (id: string): Graph["nodes"][number] => {
  const [kind, name] = id.split(":") as [LineageKind, string];
  return { id, kind, name, title: { zh: name, en: name }, missing: false };
};
const graph = (...lines: string[]): Graph => {
  const pairs = lines.map((one) => one.split(" > ") as [string, string]);
  return { nodes: [...new Set(pairs.flat())].map(node), lines: pairs.map(([from, to]) => ({ from, to })) };
};

const brand = graph(
  "touchpoint:mini > event:order_paid",
  "event:order_paid > field:order_paid.amount",
  "event:order_paid > tag:frequency",
  "field:order_paid.amount > tag:spend",
  "tag:spend > segment:vip",
  "tag:frequency > segment:vip",
  "segment:vip > destination:erp",
  "attribute:city > tag:tier",
);

describe("lineage", () => {
  it("is followed up and down", () => {
    expect([...reached(brand, "field:order_paid.amount", "down")].sort()).toEqual(["destination:erp", "segment:vip", "tag:spend"]);
    expect([...reached(brand, "tag:spend", "up")].sort()).toEqual(["event:order_paid", "field:order_paid.amount", "touchpoint:mini"]);
    expect(around(brand, "tag:tier").nodes.map((one) => one.id).sort()).toEqual(["attribute:city", "tag:tier"]);
  });

  it("takes fields into their events without losing a way", () => {
    const small = withoutFields(brand);
    expect(small.nodes.some((one) => one.kind === "field")).toBe(false);
    expect(small.lines).toContainEqual({ from: "event:order_paid", to: "tag:spend" });
    expect([...reached(small, "event:order_paid", "down")].sort()).toEqual(["destination:erp", "segment:vip", "tag:frequency", "tag:spend"]);
  });

  it("does not run in circles, nor count a node as its own", () => {
    const circle = graph("tag:a > tag:b", "tag:b > tag:a");
    expect([...reached(circle, "tag:a", "down")]).toEqual(["tag:b"]);
  });

  it("shows a tag that nothing touches, and no event that nothing reads", () => {
    const loose: Graph = { nodes: [...brand.nodes, node("tag:lonely"), node("event:unread")], lines: brand.lines };
    const names = connected(loose).nodes.map((one) => one.id);
    expect(names).toContain("tag:lonely");
    expect(names).not.toContain("event:unread");
  });

  it("is laid out from left to right, no box on another", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 11 })).filter(([a, b]) => a < b), { minLength: 1, maxLength: 24, selector: String }), (pairs) => {
        const made = graph(...pairs.map(([a, b]) => `tag:n${a} > tag:n${b}`));
        const at = new Map(laidOut(made).map((one) => [one.id, one]));
        for (const { from, to } of made.lines) expect(at.get(from)?.x).toBeLessThan(at.get(to)?.x ?? 0);
        const boxes = [...at.values()];
        for (const [i, a] of boxes.entries()) for (const b of boxes.slice(i + 1)) expect(Math.abs(a.x - b.x) >= 184 || Math.abs(a.y - b.y) >= 44).toBe(true);
      }),
      { numRuns: 25 },
    );
  });
});
