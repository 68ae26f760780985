import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CustomerBrief } from "@/api/identity";
import { compare, likeness } from "./compare";

const identifier = (id: number, type: string, scope: string, value: string) => ({ identifier_id: id, type, title: { zh: type, en: type }, class: "strong" as const, scope, value, generation: 0, customer_id: 1 });
const customer = (more: Partial<CustomerBrief>): CustomerBrief => ({ customer_id: 1, name: null, phone: null, email: null, identifiers: [], orders: 0, spend: "0", currency: "CNY", first_seen: null, last_seen: null, attributes: {}, ...more });

describe("two customers side by side", () => {
  const a = customer({ name: "A", phone: "138****5678", identifiers: [identifier(1, "phone", "", "138****5678"), identifier(2, "openid", "wx1", "oA")], attributes: { city: "X", level: "gold" } });
  const b = customer({ name: "B", phone: "139****0000", email: "b@x", identifiers: [identifier(3, "phone", "", "139****0000"), identifier(4, "phone", "", "138****5678"), identifier(5, "openid", "wx2", "oA")], attributes: { city: "X", phone: "137****1111" } });

  it("are compared by name, contact, identifier and attribute, each once", () => {
    expect(compare(a, b).map((row) => [row.key, row.likeness])).toEqual([
      ["name", "differs"],
      ["phone@", "masked"],
      ["city", "same"],
      ["email", "one"],
      ["openid@wx1", "one"],
      ["openid@wx2", "one"],
      ["level", "one"],
    ]);
  });

  it("don't take a nick name for a name: rules join by names only", () => {
    const nick = customer({ name: "A", attributes: { nickname: "A" } });
    const rows = compare(nick, customer({ name: "A", attributes: { name: "A" } }));
    expect(rows.map((row) => [row.key, row.likeness])).toEqual([["name", "one"], ["nickname", "one"]]);
    expect(compare(nick, nick).map((row) => [row.key, row.likeness])).toEqual([["nickname", "same"]]);
    // One whose nick name is not shown keeps its name.
    expect(compare(customer({ name: "A" }), customer({ name: "A" }))[0]).toMatchObject({ key: "name", likeness: "same" });
  });

  it("have one row for a phone that is an identifier and an attribute", () => {
    expect(compare(a, b).find((row) => row.key === "phone@")?.b).toEqual(["139****0000", "138****5678", "137****1111"]);
  });

  it("are told to be alike only as far as a mask lets see", () => {
    expect(likeness(["138****5678"], ["138****5678"])).toBe("masked");
    expect(likeness(["A**"], ["Abc"])).toBe("masked");
    expect(likeness(["A**"], ["Bcd"])).toBe("differs");
    expect(likeness(["b***@x.com"], ["b1.2@x.com"])).toBe("masked");
    expect(likeness(["b***@x.com"], ["b1@xycom"])).toBe("differs");
    expect(likeness(["138****5678", "M1"], ["M1", "138****5678"])).toBe("same");
  });

  it("are as alike from the other side", () => {
    const values = fc.array(fc.string({ unit: fc.constantFrom("1", "2", "*", "."), minLength: 1, maxLength: 3 }));
    fc.assert(
      fc.property(values, values, (left, right) => {
        expect(likeness(left, right)).toBe(likeness(right, left));
      }),
    );
    expect(compare(b, a).map((row) => row.likeness)).toEqual(compare(a, b).map((row) => row.likeness));
  });
});
