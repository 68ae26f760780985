import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { condition } from "./arbitrary";
import { missing } from "./missing";
import { isObject, type Json, type Node } from "./model";
import { fromJsonRoot } from "./read";
import { add, duplicate, newGroup, newLeaf, nodeAt, places, remove, same, update } from "./tree";
import { toJson, toJsonRoot } from "./write";

/** What stands at a place such as `all[1].not.any[0]`. */
function at(json: Json, place: string): Json | undefined {
  let now: Json | undefined = json;
  for (const step of place.match(/[a-z_]+|\[\d+\]/g) ?? []) {
    if (step.startsWith("[")) now = Array.isArray(now) ? now[Number(step.slice(1, -1))] : undefined;
    else now = isObject(now) ? now[step] : undefined;
  }
  return now;
}

function nodes(node: Node): Node[] {
  return node.kind === "group" ? [node, ...node.children.flatMap(nodes)] : [node];
}

describe("places", () => {
  it("point at the JSON of their node", () => {
    fc.assert(
      fc.property(condition, (json) => {
        const root = fromJsonRoot(json);
        const saved = toJsonRoot(root);
        const found = places(root);
        for (const node of nodes(root)) {
          const shown = node === root && root.children.length === 1 && root.not === 0 ? saved : toJson(node);
          expect(at(saved, found.get(node.id) ?? "?")).toEqual(shown);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("find the part a problem is in", () => {
    const root = fromJsonRoot({ all: [{ tag: "a", is: "b" }, { not: { any: [{ did: "x", where: { amuont: { is: 1 } } }, { segment: "s" }] } }] });
    const found = places(root);
    const group = root.children[1];
    const leaf = group?.kind === "group" ? group.children[0] : undefined;
    expect(nodeAt(found, "all[1].not.any[0].where.amuont")).toBe(leaf?.id);
    expect(nodeAt(found, "all[0].is")).toBe(root.children[0]?.id);
    expect(nodeAt(found, "")).toBe(root.id);
    const ordered = fromJsonRoot({ not: { sequence: [{ did: "x" }, { did: "y", where: { amuont: { is: 1 } } }] } });
    const sequence = ordered.children[0];
    expect(nodeAt(places(ordered), "not.sequence[1].where.amuont")).toBe(sequence?.kind === "sequence" ? sequence.steps[1]?.id : "");
    expect(nodeAt(places(ordered), "not.sequence")).toBe(sequence?.id);
    const single = fromJsonRoot({ did: "x" });
    expect(nodeAt(places(single), "did")).toBe(single.children[0]?.id);
  });
});

describe("changes", () => {
  it("add, copy and remove parts without touching the others", () => {
    const empty = newGroup("all");
    const leaf = newLeaf("segment");
    const one = add(empty, empty.id, leaf);
    const two = duplicate(update(one, leaf.id, (node) => (node.kind === "segment" ? { ...node, name: "vip" } : node)), leaf.id);
    expect(toJsonRoot(two)).toEqual({ all: [{ segment: "vip" }, { segment: "vip" }] });
    expect(new Set(two.children.map((child) => child.id)).size).toBe(2);
    expect(toJsonRoot(remove(two, leaf.id))).toEqual({ segment: "vip" });
    expect(empty.children).toEqual([]);
  });

  it("say what is not filled in", () => {
    const root = newGroup("all");
    expect([...missing(root).values()]).toEqual(["empty"]);
    expect([...missing(add(root, root.id, newLeaf("behaviour"))).values()]).toEqual(["event"]);
    expect([...missing(fromJsonRoot({ attribute: "city", in: [] })).values()]).toEqual(["value"]);
    expect([...missing(fromJsonRoot({ did: "x", sum: { of: "", at_least: 1 } })).values()]).toEqual(["field"]);
    expect([...missing(fromJsonRoot({ did: "x", where: { amount: { at_least: null } } })).values()]).toEqual(["value"]);
    expect([...missing(add(root, root.id, newLeaf("sequence"))).values()]).toEqual(["event", "event"]);
    for (const kind of ["segment", "list", "consent", "reachable"] as const) expect([...missing(add(root, root.id, newLeaf(kind))).values()]).toEqual(["name"]);
    expect([...missing(fromJsonRoot({ sequence: [{ did: "x" }, { did: "y", where: { "": {} } }] })).values()]).toEqual(["field"]);
    expect([...missing(fromJsonRoot({ did: "x", within: { between: ["2026-01-01", ""] } })).values()]).toEqual(["value"]);
  });

  it("compare conditions by what they say", () => {
    expect(same({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 })).toBe(true);
    expect(same({ a: 1 }, { a: 1, b: null })).toBe(false);
    expect(same([1, 2], [2, 1])).toBe(false);
    expect(same([], {})).toBe(false);
  });

  it("copy a sequence with steps of its own", () => {
    const root = fromJsonRoot({ all: [{ sequence: [{ did: "x", where: { a: { is: 1 } } }] }] });
    const copy = duplicate(root, root.children[0]?.id ?? "");
    const ids = [...places(copy).keys()];
    expect(ids).toHaveLength(5);
    expect(copy.children.map((child) => toJson(child))).toEqual([toJson(root), toJson(root)].map((json) => (isObject(json) && Array.isArray(json.all) ? json.all[0] : json)));
  });

  it("find nothing missing in a whole condition", () => {
    fc.assert(fc.property(condition, (json) => missing(fromJsonRoot(json)).size === 0));
  });
});
