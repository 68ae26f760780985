import { describe, expect, it } from "vitest";
import type { TagRow } from "@/api/tags";
import { driftOf } from "../drift";
import { type Branch, branchKeys, chosen, grown, type Node } from "./tree";

const tag = (name: string, more: Partial<TagRow> = {}): TagRow => ({
  name,
  title: { zh: name, en: name.toUpperCase() },
  value_titles: {},
  kind: "metric",
  says: "value",
  owner: null,
  group: null,
  mode: "live",
  schedule: null,
  coverage: 0,
  values: 0,
  as_of: null,
  freshness: null,
  psi: null,
  last_run: null,
  version: 1,
  used_by: [],
  problem: null,
  ...more,
});

const words = { says: (one: string | null) => `says ${one}`, kind: (one: string) => `kind ${one}`, title: (one: TagRow) => one.name, none: "none", compare: (a: string, b: string) => a.localeCompare(b) };
const shape = (nodes: Node[]): unknown => nodes.map((one) => (one.branch ? [one.label, one.tags, shape(one.children)] : one.tag.name));

const all = [
  tag("spend", { group: "money/deep", owner: "b@x" }),
  tag("basket", { group: "money", used_by: ["vip"], psi: 0.3 }),
  tag("city", { says: "attribute", kind: "attribute", owner: "a@x", mode: "import", psi: 0.12 }),
  tag("stage", { says: "behaviour", kind: "state", mode: "scheduled", psi: 0.01 }),
  tag("odd", { says: null, group: " / " }),
];

describe("the catalogue", () => {
  it("stands under what a tag says, then under its path, the unsaid last", () => {
    expect(shape(grown(all, "says", words))).toEqual([
      ["says attribute", 1, ["city"]],
      ["says behaviour", 1, ["stage"]],
      ["says value", 2, [["money", 2, [["deep", 1, ["spend"]], "basket"]]]],
      ["none", 1, ["odd"]],
    ]);
  });

  it("makes no level of a path that repeats what the tag says", () => {
    const called = grown([tag("b", { group: "one · two/deep" })], "says", { ...words, step: (one) => one.split(" · ")[1] ?? one });
    expect(called[0]?.children[0]).toMatchObject({ label: "two", children: [{ label: "deep" }] });
    const [root] = grown([tag("a", { group: "says value/money" })], "says", words);
    expect(shape([root as Branch])).toEqual([["says value", 1, [["money", 1, ["a"]]]]]);
  });

  it("stands by kind or owner, those without one last", () => {
    expect(grown(all, "owner", words).map((one) => [one.label, one.tags])).toEqual([["a@x", 1], ["b@x", 1], ["none", 3]]);
    expect(grown(all, "kind", words).map((one) => one.label)).toEqual(["kind attribute", "kind metric", "kind state"]);
  });

  it("loses no tag and has no key twice", () => {
    for (const by of ["says", "kind", "owner"] as const) {
      const tree = grown(all, by, words);
      const leaves = (nodes: Node[]): string[] => nodes.flatMap((one) => (one.branch ? leaves(one.children) : [one.tag.name]));
      expect(leaves(tree).sort()).toEqual(all.map((one) => one.name).sort());
      const keys = branchKeys(tree);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  it("is filtered by words, updates, drift and use", () => {
    const found = (filter: Parameters<typeof chosen>[1]): string[] => chosen(all, filter).map((one) => one.name);
    expect(found({})).toHaveLength(5);
    expect(found({ q: "MONEY b@" })).toEqual(["spend"]);
    expect(found({ mode: "scheduled" })).toEqual(["stage"]);
    expect(found({ drift: "drifted" })).toEqual(["basket"]);
    expect(found({ unused: true, drift: "moved" })).toEqual(["city"]);
    expect(found({ unused: true })).not.toContain("basket");
  });

  it("has words for drift", () => {
    expect([null, 0, 0.0999, 0.1, 0.2499, 0.25, 3].map(driftOf)).toEqual([null, "steady", "steady", "moved", "moved", "drifted", "drifted"]);
  });
});
