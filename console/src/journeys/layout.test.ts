import { describe, expect, it } from "vitest";
import { BOX, DRAWN, foldedAtFirst, laidOut, shown } from "./layout";
import { edgesOf, ENTRY, nodesOf } from "./model";
import { bushy, CART, long } from "./samples";

describe("the layout", () => {
  it("leads downwards without one box on another", () => {
    const { places } = laidOut(CART, new Set());
    expect(places.size).toBe(nodesOf(CART).size + 1);
    for (const { node, target } of edgesOf(CART)) expect(places.get(target)?.y ?? 0).toBeGreaterThan((places.get(node)?.y ?? 0) + BOX.height);
    const all = [...places.values()];
    all.forEach((a, i) => {
      for (const b of all.slice(i + 1)) expect(Math.abs(a.x - b.x) >= BOX.width || Math.abs(a.y - b.y) >= BOX.height).toBe(true);
    });
    expect(laidOut(CART, new Set())).toMatchObject({ places, folded: new Map() });
  });

  it("folds what follows a step", () => {
    const { places, folded } = laidOut(CART, new Set(["check"]));
    expect(places.has("remind")).toBe(false);
    expect(folded.get("check")).toBe(3);
    expect(places.has(ENTRY)).toBe(true);
  });

  it("draws large journeys with their branches folded", () => {
    for (const large of [bushy(9), long(400)]) {
      const folded = foldedAtFirst(large);
      expect(folded.size).toBeGreaterThan(0);
      expect(shown(large, folded).size).toBeLessThanOrEqual(DRAWN);
    }
    expect(foldedAtFirst(CART).size).toBe(0);
  });
});
