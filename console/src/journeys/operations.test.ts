import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { acted, begun, type Past } from "./history";
import { type Definition, edgesOf, ENTRY, inOrder, type Kind, KINDS, nodesOf, orphans, reached, slotsOf, startOf, targetOf } from "./model";
import { blank, connect, copied, fragmentIn, freeName, insert, move, paste, remove, rename } from "./operations";
import { CART } from "./samples";
import { readYaml as read } from "@/lib/yaml";
import { write } from "./yaml";

/** What must hold of any journey that was only drawn: no circle, no way to nothing, a start that is there. */
function sound(definition: Definition): void {
  const nodes = nodesOf(definition);
  expect(nodes.has(startOf(definition))).toBe(true);
  for (const edge of edgesOf(definition)) expect(nodes.has(edge.target), `${edge.node}.${edge.edge} leads to ${edge.target}`).toBe(true);
  const order = inOrder(definition);
  expect([...order].sort()).toEqual([...nodes.keys()].sort());
  const at = new Map(order.map((name, i) => [name, i]));
  for (const { node, target } of edgesOf(definition)) if (node !== ENTRY) expect(at.get(target) ?? -1).toBeGreaterThan(at.get(node) ?? -1);
}

type Step = { what: "insert" | "remove" | "connect" | "rename" | "copy" | "move"; a: number; b: number; kind: Kind };
const step: fc.Arbitrary<Step> = fc.record({ what: fc.constantFrom("insert", "insert", "remove", "connect", "rename", "copy", "move"), a: fc.nat(1000), b: fc.nat(1000), kind: fc.constantFrom(...KINDS) });

function done(definition: Definition, { what, a, b, kind }: Step): Definition {
  const edges = edgesOf(definition);
  const names = [...nodesOf(definition).keys()];
  const edge = edges[a % edges.length] ?? { node: ENTRY, edge: "start" };
  const name = names[b % names.length] ?? "";
  switch (what) {
    case "insert":
      return insert(definition, edge, kind).definition;
    case "remove":
      return remove(definition, [name, names[a % names.length] ?? ""]);
    case "connect":
      return connect(definition, edge, name);
    case "rename":
      return rename(definition, name, freeName(new Set(names), `n${a}`));
    case "move":
      return move(definition, name, edge);
    case "copy": {
      const fragment = copied(definition, reached(definition, [name]), inOrder(definition));
      return fragment === null ? definition : paste(definition, edge, fragment).definition;
    }
  }
}

describe("drawing a journey", () => {
  it("keeps it sound whatever is done, and undo restores it exactly", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 14 }), fc.boolean(), (steps, empty) => {
        const start = empty ? blank("new", { zh: "n", en: "n" }) : CART;
        let past: Past<Definition> = begun(start);
        const seen = [start];
        for (const one of steps) {
          const next = done(past.now, one);
          sound(next);
          if (nodesOf(next).size > 120) break;
          if (next !== past.now) seen.push(next);
          past = acted(past, { type: "set", next, place: null, at: 0 });
        }
        const texts = seen.map((one) => JSON.stringify(one));
        for (let i = texts.length - 1; i > 0; i -= 1) {
          expect(JSON.stringify(past.now)).toBe(texts[i]);
          past = acted(past, { type: "undo" });
        }
        expect(JSON.stringify(past.now)).toBe(texts[0]);
        for (let i = 1; i < texts.length; i += 1) past = acted(past, { type: "redo" });
        expect(JSON.stringify(past.now)).toBe(texts.at(-1));
      }),
      { numRuns: 150 },
    );
  });

  it("says the same as text", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        const made = steps.reduce(done, CART);
        expect(read(write(made))).toEqual({ definition: made });
      }),
      { numRuns: 60 },
    );
    expect(read("nodes: [")).toMatchObject({ line: 1 });
    expect(read("- a")).toEqual({ error: "object", line: null });
  });

  it("takes nothing away that can still be come to, and leaves nothing lost behind", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), fc.nat(1000), (steps, at) => {
        const made = steps.reduce(done, CART);
        const names = [...nodesOf(made).keys()];
        const name = names[at % names.length] ?? "";
        const left = remove(made, [name]);
        // What nobody came to before may stay, and keeps what it leads to.
        const lost = reached(left, orphans(made).filter((one) => nodesOf(left).has(one)));
        expect(orphans(left).filter((one) => !lost.has(one))).toEqual([]);
        if (nodesOf(made).size > 1) expect(nodesOf(left).has(name) && nodesOf(left).get(name) === nodesOf(made).get(name)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});

describe("single changes", () => {
  it("put a step on a way", () => {
    const { definition, name } = insert(CART, { node: "check", edge: "cases[0]" }, "wait");
    expect(name).toBe("wait");
    expect(targetOf(definition, { node: "check", edge: "cases[0]" })).toBe("wait");
    expect(nodesOf(definition).get("wait")).toEqual({ do: "wait", for: "1 day", next: "end_goal" });
    expect(insert(definition, { node: ENTRY, edge: "start" }, "wait").name).toBe("wait_2");
    expect(startOf(insert(CART, { node: ENTRY, edge: "start" }, "tag").definition)).toBe("tag");
  });

  it("take a branch away with what only it led to", () => {
    const left = remove(CART, ["check"]);
    expect([...nodesOf(left).keys()]).toEqual(["give", "send1", "wait3", "remind", "end_done", "end_no_stock", "end_unreachable"]);
    expect(nodesOf(left).get("wait3")).toMatchObject({ next: "remind", on_event: "remind" });
  });

  it("forget the node that an exit named", () => {
    const left = remove(CART, ["give"]);
    expect(startOf(left)).toBe("send1");
    expect((left.exit as { as: string }[])[1]).toEqual({ did: "order_paid", as: "paid_without_coupon" });
  });

  it("refuse circles and ways to nothing", () => {
    expect(connect(CART, { node: "remind", edge: "next" }, "give")).toBe(CART);
    expect(connect(CART, { node: "remind", edge: "next" }, "nowhere")).toBe(CART);
    expect(targetOf(connect(CART, { node: "give", edge: "else" }, "remind"), { node: "give", edge: "else" })).toBe("remind");
  });

  it("name a node anew everywhere", () => {
    const made = rename(CART, "wait3", "three_days");
    expect(JSON.stringify(made)).not.toContain('"wait3"');
    expect(made.nodes).toMatchObject({ check: { cases: [{ when: { since: { node: "three_days" } } }] }, send1: { next: "three_days" } });
    expect((rename(CART, "give", "first").exit as { before?: string }[])[1]?.before).toBe("first");
    expect(JSON.stringify(rename(made, "three_days", "wait3"))).toBe(JSON.stringify(CART));
    expect(rename(CART, "give", "remind")).toBe(CART);
  });

  it("copy and put in again", () => {
    const fragment = copied(CART, ["check", "remind"], inOrder(CART));
    expect(fragment?.first).toBe("check");
    expect(fragmentIn(JSON.stringify(fragment))).toEqual(fragment);
    for (const text of ["", "{}", "[1]", '{"onepool":"journey-nodes","first":"a","nodes":{"a":{"do":"fly"}}}']) expect(fragmentIn(text)).toBeNull();
    if (fragment === null) return;
    const { definition, names } = paste(CART, { node: "give", edge: "next" }, fragment);
    expect(names).toEqual(["check_2", "remind_2"]);
    expect(nodesOf(definition).get("check_2")).toMatchObject({ else: "remind_2", cases: [{ next: "send1" }] });
    expect(nodesOf(definition).get("remind_2")).toMatchObject({ next: "send1", else: "send1" });
  });

  it("move a step onto another way", () => {
    const made = move(CART, "remind", { node: "give", edge: "next" });
    expect(targetOf(made, { node: "give", edge: "next" })).toBe("remind");
    expect(targetOf(made, { node: "check", edge: "else" })).toBe("end_done");
    expect(slotsOf(nodesOf(made).get("remind") ?? {}).map((one) => one.target)).toEqual(["send1", "send1"]);
    expect(move(CART, "check", { node: "give", edge: "next" })).toBe(CART);
  });

  it("of one control in a row are one step back", () => {
    let past = begun("a");
    past = acted(past, { type: "set", next: "b", place: "note", at: 0 });
    past = acted(past, { type: "set", next: "c", place: "note", at: 500 });
    past = acted(past, { type: "set", next: "d", place: "name", at: 600 });
    expect(past.before).toEqual(["a", "c"]);
    past = acted(acted(past, { type: "undo" }), { type: "set", next: "e", place: "name", at: 700 });
    expect([past.before, past.now, past.after]).toEqual([["a", "c"], "e", []]);
  });
});
