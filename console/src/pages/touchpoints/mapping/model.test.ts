import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draftOf, jsonOf, ruleOf, savedOf, withPair } from "./model";
import { follow, pathOf, scalarOf, scalarText } from "./paths";

const key = fc.string({ minLength: 1, maxLength: 12 }).filter((one) => one.trim() === one && one !== "__proto__");
const path = fc.oneof(fc.constantFrom("$.a", "$.b[0]", "$['c d']"), fc.string({ minLength: 1, maxLength: 8 }), fc.integer());
const some = fc.dictionary(key, path, { minKeys: 1, maxKeys: 4 });
const rule = fc.record({ when: some, kind: fc.constantFrom("event", "profile"), event: fc.string({ minLength: 1 }), message_id: path, time: path, ids: some, fields: some, traits: some, other: fc.string() }, { requiredKeys: [] });

describe("a mapping", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 3 }), some, (rules, fields) => {
        const settings = { verify: "path", each: "$.entries[*]", rules };
        const mapping = { fields, ignore: ["x"], money: "fen", later: 1 };
        expect(savedOf(draftOf(settings, mapping), settings, true)).toEqual({ settings, mapping });
      }),
    );
  });

  it("keeps what it has no controls for", () => {
    for (const odd of ["text", { when: ["a"] }, { ids: "phone" }, 7, null]) expect(jsonOf(ruleOf(odd))).toEqual(odd);
  });

  it("leaves the settings of other channels alone", () => {
    const settings = { appid: "wx1", rules: "no list" };
    expect(savedOf(draftOf(settings, {}), settings, false)).toEqual({ settings, mapping: {} });
  });

  it("puts a path where the key waits for one", () => {
    const open = withPair([], "phone", "");
    expect(withPair(open, "phone", "$.tel").map(({ key: name, value }) => [name, value])).toEqual([["phone", "$.tel"]]);
  });
});

describe("a path", () => {
  it("points at the place it was made from", () => {
    const document = { a: { "c d": [{ "it's": 1 }, 2] }, "\u540d": "x" };
    for (const [steps, value] of [
      [["a", "c d", 0, "it's"], 1],
      [["a", "c d", 1], 2],
      [["\u540d"], "x"],
      [[], document],
    ] as const) expect(follow(pathOf(steps), document)).toEqual([value]);
  });

  it("goes through every one of several", () => {
    expect(follow("$.entries[*].id", { entries: [{ id: 1 }, { id: 2 }, {}] })).toEqual([1, 2]);
    expect(follow("$.missing[0]", {})).toEqual([]);
  });

  it("leaves what is not simple to the server", () => {
    for (const one of ["$..id", "$.a[?@.b]", "a.b", "$.a["]) expect(follow(one, {})).toBeNull();
  });

  it("of any name is followed", () => {
    fc.assert(fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }), (names) => {
      const document = names.reduceRight<unknown>((inner, name) => Object.fromEntries([[name, inner]]), 7);
      expect(follow(pathOf(names), document)).toEqual([7]);
    }));
  });
});

describe("a typed value", () => {
  it("means what was shown", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)), (value) => {
      expect(scalarOf(scalarText(value))).toEqual(value);
    }));
  });

  it("is a number or a text as it is written", () => {
    expect([scalarOf("1"), scalarOf('"1"'), scalarOf("vip"), scalarOf("$.a")]).toEqual([1, "1", "vip", "$.a"]);
  });
});
