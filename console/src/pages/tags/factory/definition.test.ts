import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "@/conditions/model";
import { belongs, ordered, stepsOf, titleAt, valueAt, withValue } from "./definition";
import { evenly, type Layers, layersJson, layersOf, layersProblem, MOST_LAYERS, withLayer, withoutLayer } from "./layers";
import { readYaml as read } from "@/lib/yaml";
import { write } from "./yaml";

const name = fc.stringMatching(/^[a-z][a-z_]{0,8}$/);
const leaf: fc.Arbitrary<Json> = fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => (Object.is(one, -0) ? 0 : one)), fc.boolean(), fc.constantFrom("yes", "null", "0 3 * * *", "1e3", "on", "\u8fd1 30 \u5929"));
const json: fc.Arbitrary<Json> = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof({ depthSize: "small" }, leaf, fc.array(tie("node"), { maxLength: 4 }), fc.dictionary(name, tie("node"), { maxKeys: 4, noNullPrototype: true }) as fc.Arbitrary<Json>),
})).node;
const definition = fc.dictionary(name, json, { maxKeys: 8, noNullPrototype: true }) as fc.Arbitrary<JsonObject>;

const metric: JsonObject = { tag: "a", title: "A", says: "value", kind: "metric", from: { did: "order_paid", sum: "amount" }, states: [{ value: "x", when: { did: "a" } }] };

describe("a definition", () => {
  it("is the same after its text is written and read", () => {
    fc.assert(fc.property(definition, (one) => void expect(read(write(one))).toEqual({ definition: one })));
  });

  it("says where its text can't be read, and changes nothing", () => {
    expect(read("tag: [")).toMatchObject({ line: 1 });
    expect(read("- a\n- b")).toEqual({ error: "object", line: null });
    expect(read("")).toEqual({ definition: {} });
    // Two keys of one name would lose one of them.
    expect(read("tag: a\ntag: b")).toMatchObject({ line: 2 });
  });

  it("changes at one place only", () => {
    fc.assert(
      fc.property(definition, name, leaf, (one, key, value) => {
        const next = withValue(one, key, value);
        expect(valueAt(next, key)).toEqual(value);
        const { [key]: _, ...others } = next;
        const { [key]: __, ...before } = one;
        expect(others).toEqual(before);
      }),
    );
    expect(withValue(metric, "from.sum", "discount")).toEqual({ ...metric, from: { did: "order_paid", sum: "discount" } });
    expect(withValue(metric, "cut.by", "percent")).toEqual({ ...metric, cut: { by: "percent" } });
    expect(withValue(metric, "states[0].value", "y").states).toEqual([{ value: "y", when: { did: "a" } }]);
    expect(withValue(metric, "states[1]", { value: "z", when: {} }).states).toHaveLength(2);
    expect(withValue(metric, "states[0]", undefined).states).toEqual([]);
    expect(Object.keys(withValue(metric, "kind", "state"))).toEqual(Object.keys(metric));
    expect(withValue(metric, "from", undefined)).not.toHaveProperty("from");
  });

  it("knows its places as the server names them", () => {
    expect(stepsOf("states[1].when.all[0].did")).toEqual(["states", 1, "when", "all", 0, "did"]);
    expect(belongs("cut.at[1]", "cut.at")).toBe(true);
    expect(belongs("from.field", "from")).toBe(true);
    expect(belongs("fromage", "from")).toBe(false);
  });

  it("reads in the order of people, without losing a key", () => {
    fc.assert(fc.property(definition, (one) => void expect(ordered(one)).toEqual(one)));
    expect(Object.keys(ordered({ owner: "o", from: {}, kind: "metric", schedule: "s", title: "t", tag: "x", cut: {} }))).toEqual(["tag", "title", "kind", "from", "cut", "schedule", "owner"]);
  });

  it("has a title in both languages", () => {
    expect(titleAt({ title: "one" })).toEqual({ zh: "one", en: "one" });
    expect(titleAt({ title: { zh: "a", en: "b" } })).toEqual({ zh: "a", en: "b" });
    expect(titleAt({})).toEqual({ zh: "", en: "" });
  });
});

describe("layers", () => {
  const three = { by: "percent" as const, at: [20, 80], labels: ["low", "middle", "high"] };

  it("are read and written as they are", () => {
    expect(layersOf(layersJson(three))).toEqual(three);
    expect(layersOf({ by: "percent", at: "20", labels: [] })).toBeNull();
    expect(layersOf(undefined)).toBeNull();
  });

  it("can be more and fewer, and always fit", () => {
    fc.assert(
      fc.property(fc.constantFrom("number" as const, "percent" as const, "rank" as const), fc.array(fc.tuple(fc.boolean(), fc.nat(30)), { maxLength: 40 }), (by, moves) => {
        let layers: Layers = { ...three, by };
        for (const [more, at] of moves) {
          const index = at % layers.labels.length;
          layers = more ? withLayer(layers, index, `new ${at}`) : withoutLayer(layers, index);
          expect(layers.labels).toHaveLength(layers.at.length + 1);
          expect(layers.labels.length).toBeGreaterThanOrEqual(2);
          expect(layers.labels.length).toBeLessThanOrEqual(MOST_LAYERS);
        }
      }),
    );
    expect(withLayer(three, 0, "n")).toEqual({ by: "percent", at: [10, 20, 80], labels: ["low", "n", "middle", "high"] });
    expect(withLayer(three, 2, "n")).toEqual({ by: "percent", at: [20, 80, 90], labels: ["low", "middle", "high", "n"] });
    expect(withoutLayer(three, 0)).toEqual({ by: "percent", at: [80], labels: ["middle", "high"] });
    expect(withoutLayer(three, 2)).toEqual({ by: "percent", at: [20], labels: ["low", "middle"] });
  });

  it("say what is wrong with them", () => {
    expect(layersProblem(three)).toBeNull();
    expect(layersProblem(evenly(["a", "b", "c", "d"]))).toBeNull();
    expect(evenly(["a", "b", "c", "d"]).at).toEqual([25, 50, 75]);
    expect(layersProblem({ ...three, at: [80, 20] })).toBe("rise");
    expect(layersProblem({ ...three, at: [20, null] })).toBe("cut");
    expect(layersProblem({ ...three, at: [20, 100] })).toBe("percent");
    expect(layersProblem({ ...three, by: "rank", at: [1.5, 3] })).toBe("place");
    expect(layersProblem({ ...three, labels: ["a", "a", "b"] })).toBe("same");
    expect(layersProblem({ ...three, labels: ["a", " ", "b"] })).toBe("label");
  });
});
