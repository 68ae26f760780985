import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Step } from "./model";
import { addStep, changeStep, mayMove, mayRemove, MOST_STEPS, moveStep, newStep, removeStep } from "./steps";

const steps = (...kinds: boolean[]): Step[] => kinds.map((did) => ({ ...newStep(did), event: did ? "did" : "not" }));
const said = (list: Step[]): string => list.map((step) => (step.did ? "d" : "n")).join("");

describe("the steps of a sequence", () => {
  it("move by one place, and the first stays something done", () => {
    const list = steps(true, false, true);
    const [first, second, third] = list.map((step) => step.id);
    expect(mayMove(list, second ?? "", -1)).toBe(false);
    expect(moveStep(list, second ?? "", -1)).toBe(list);
    expect(said(moveStep(list, second ?? "", 1))).toBe("ddn");
    expect(mayMove(list, first ?? "", 1)).toBe(false);
    expect(said(moveStep(list, third ?? "", -2))).toBe("ddn");
    expect(mayMove(list, third ?? "", 1)).toBe(false);
  });

  it("are added after one another up to the most, and taken away but for the last one done", () => {
    let list = steps(true);
    for (let i = 0; i < 20; i++) list = addStep(list, list[0]?.id ?? null, newStep(i % 2 === 0));
    expect(list).toHaveLength(MOST_STEPS);
    const one = steps(true, false);
    expect(mayRemove(one, one[0]?.id ?? "")).toBe(false);
    expect(said(removeStep(one, one[1]?.id ?? ""))).toBe("d");
    expect(mayRemove(steps(true), "none")).toBe(true);
  });

  it("keep only what their kind and place allows", () => {
    const list = steps(true, true);
    const gap = { at_least: null, at_most: "2 days" };
    const with_gap = changeStep(list, list[1]?.id ?? "", { gap });
    expect(with_gap[1]?.gap).toEqual(gap);
    expect(moveStep(with_gap, list[1]?.id ?? "", -1).map((step) => step.gap)).toEqual([null, null]);
    const not = changeStep(with_gap, list[1]?.id ?? "", { did: false, lasting: "1 day" });
    expect([not[1]?.gap, not[1]?.lasting]).toEqual([null, "1 day"]);
    expect(changeStep(not, list[1]?.id ?? "", { did: true })[1]?.lasting).toBeNull();
  });

  it("always begin with something done, whatever is tried", () => {
    const act = fc.record({ kind: fc.constantFrom("move", "remove", "add"), at: fc.nat(11), by: fc.constantFrom(-2, -1, 1, 2), did: fc.boolean() });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
        let list = steps(true, false);
        for (const { kind, at, by, did } of acts) {
          const id = list[at % list.length]?.id ?? "";
          list = kind === "move" ? moveStep(list, id, by) : kind === "remove" ? removeStep(list, id) : addStep(list, id, newStep(did));
          expect(list[0]?.did).toBe(true);
          expect(new Set(list.map((step) => step.id)).size).toBe(list.length);
        }
      }),
    );
  });
});
