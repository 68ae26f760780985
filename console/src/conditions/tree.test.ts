import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { condition } from "./arbitrary";
import { fromJsonRoot, isObject, type Json, type Node, toJson, toJsonRoot } from "./model";
import { add, duplicate, missing, newGroup, newLeaf, nodeAt, places, remove, update } from "./tree";

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
    expect([...missing(fromJsonRoot({ did: "x", within: { between: ["2026-01-01", ""] } })).values()]).toEqual(["value"]);
  });

  it("find nothing missing in a whole condition", () => {
    fc.assert(fc.property(condition, (json) => missing(fromJsonRoot(json)).size === 0));
  });
});
