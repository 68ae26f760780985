import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Rules, TypeRule } from "@/api/identity";
import { type Draft, FIELDS, inForce, pathOf, reset, set, type Setting, STANDARD, toBody } from "./draft";

const type = (name: string, more: Partial<TypeRule> = {}): TypeRule => ({
  type: name, title: { zh: name, en: name }, class: "strong", scope: "none", priority: 50, verified: false, max_per_customer: 5, max_customers: null, recycle_days: null, lifetime_days: null, identifiers: 0, overridden: [], ...more,
});
const rules: Rules = {
  version: 2,
  author: null,
  at: null,
  body: { identity: "rules", consent_purposes: ["identity"], types: { phone: { max_customers: 4, priority: 70 } } },
  types: [type("phone", { priority: 70, max_customers: 4, overridden: ["max_customers", "priority"] }), type("email")],
  max_identifiers: 500,
  names: "veto",
  contacts: "proved",
  consent_purposes: ["identity"],
  likelihood: { join: 0.995, review: 0.7, auto: false },
  touchpoints: [],
};

describe("a draft of the rules", () => {
  it("changes only what was changed, and keeps what the editor has no controls for", () => {
    const draft = set(rules, set(rules, {}, pathOf("email", "recycle_days"), 30), "likelihood.join", 0.99);
    expect(toBody(rules, draft)).toEqual({
      identity: "rules",
      consent_purposes: ["identity"],
      types: { phone: { max_customers: 4, priority: 70 }, email: { recycle_days: 30 } },
      likelihood: { join: 0.99 },
    });
    expect(rules.body.types).toEqual({ phone: { max_customers: 4, priority: 70 } });
  });

  it("writes no limit as 0: nothing at all would mean the standard's", () => {
    expect(toBody(rules, set(rules, {}, pathOf("phone", "max_customers"), null))).toMatchObject({ types: { phone: { max_customers: 0 } } });
  });

  it("takes the workspace's settings of a type away, and with the last one the type", () => {
    const phone = rules.types[0];
    if (phone === undefined) throw new Error("no phone");
    const draft = reset({ [pathOf("phone", "verified")]: true, names: "ignore" }, phone);
    expect(draft).toEqual({ names: "ignore", [pathOf("phone", "max_customers")]: STANDARD, [pathOf("phone", "priority")]: STANDARD });
    expect(toBody(rules, draft)).toEqual({ identity: "rules", consent_purposes: ["identity"], names: "ignore" });
  });

  it("is empty again when everything is set back", () => {
    const paths = [...rules.types.flatMap((one) => FIELDS.map((field) => pathOf(one.type, field))), "max_identifiers", "names", "likelihood.join", "likelihood.review", "likelihood.auto"];
    const value: fc.Arbitrary<Setting> = fc.oneof(fc.integer({ min: 1, max: 900 }), fc.boolean(), fc.constant(null), fc.constantFrom("weak", "ignore"));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...paths), value)), (changes) => {
        let draft: Draft = {};
        for (const [path, next] of changes) draft = set(rules, draft, path, next);
        for (const [path, next] of Object.entries(draft)) expect(next).not.toBe(inForce(rules, path));
        for (const path of Object.keys(draft)) draft = set(rules, draft, path, inForce(rules, path) ?? null);
        expect(draft).toEqual({});
        expect(toBody(rules, draft)).toEqual(rules.body);
      }),
    );
  });
});
