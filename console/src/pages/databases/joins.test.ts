import { describe, expect, it } from "vitest";
import { gapOf, guessed, joinsOf, linesOf, renamed, withLineField, withLines, withMatches, withNewJoin, withoutJoin } from "./joins";
import { type Entry, usesOf, withUses } from "./model";

const ORDERS: Entry = {
  name: "orders",
  table: "sale_order",
  kind: "order",
  key: "id",
  cursor: ["updated_at", "created_at"],
  join: [
    { table: "member", name: "m", on: { member_id: "id" } },
    { table: "city", name: "c", on: { "m.city_id": "id", country: "country" } },
  ],
  ids: { phone: "m.mobile", "member_no@crm": "m.card_no", openid: "openid" },
  fields: { order_id: "order_no", amount: { column: "pay_fen", unit: "fen" }, city: "c.name", store_id: { column: ["shop", "m.till"] } },
  traits: { name: { column: "m.full_name" } },
  where: [{ column: "m.level", op: "gt", value: 1 }],
  lines: { table: "sale_order_line", on: { id: "order_id" }, fields: { sku_id: "sku", price: { column: "fen", unit: "fen" } } },
};

describe("tables beside a table", () => {
  it("are read as they are written", () => {
    expect(joinsOf(ORDERS)[1]).toEqual({ table: "city", name: "c", on: [["m.city_id", "id"], ["country", "country"]] });
    expect(linesOf(ORDERS)).toEqual({ table: "sale_order_line", on: [["id", "order_id"]], fields: { sku_id: "sku", price: { column: "fen", unit: "fen" } } });
    expect(joinsOf({ ...ORDERS, join: "wrong" })).toEqual([]);
    expect(linesOf({ ...ORDERS, lines: [] })).toBeUndefined();
    expect(gapOf(ORDERS)).toBeNull();
  });

  it("are added with the columns that are most likely the same, under a name of their own", () => {
    expect(guessed("dbo.members", ["id", "member_id"], ["id", "mobile"], "id")).toEqual(["member_id", "id"]);
    expect(guessed("member", ["id", "card_no"], ["card_no", "tel"], "card_no")).toEqual(["card_no", "card_no"]);
    expect(guessed("level", ["id", "uid"], ["uid", "level"], undefined)).toEqual(["uid", "uid"]);
    expect(guessed("level", ["id"], ["code"], "code")).toEqual(["", "code"]);
    const more = withNewJoin(ORDERS, "crm.m", ["id", "m_id"], ["id"], "id");
    expect(joinsOf(more)[2]).toEqual({ table: "crm.m", name: "m_2", on: [["m_id", "id"]] });
    const mapped = withUses(more, "m_2.mobile", ["ids phone"]);
    expect(mapped.ids).toEqual({ ...(ORDERS.ids as object), phone: "m_2.mobile" });
  });

  it("take what was said of their columns along when they are renamed", () => {
    const anew = renamed(ORDERS, 0, "member");
    expect(joinsOf(anew)[0]?.name).toBe("member");
    expect(joinsOf(anew)[1]?.on).toEqual([["member.city_id", "id"], ["country", "country"]]);
    expect(anew.ids).toEqual({ phone: "member.mobile", "member_no@crm": "member.card_no", openid: "openid" });
    expect(anew.fields).toMatchObject({ store_id: { column: ["shop", "member.till"] }, amount: { column: "pay_fen", unit: "fen" } });
    expect(anew.traits).toEqual({ name: { column: "member.full_name" } });
    expect(anew.where).toEqual([{ column: "member.level", op: "gt", value: 1 }]);
    expect(renamed(anew, 0, "m")).toEqual(ORDERS);
  });

  it("leave nothing behind when they are taken out", () => {
    const left = withoutJoin(ORDERS, 0);
    expect(joinsOf(left)).toEqual([{ table: "city", name: "c", on: [["country", "country"]] }]);
    expect([...usesOf(left).keys()].filter((one) => one.startsWith("m."))).toEqual([]);
    expect(left.ids).toEqual({ openid: "openid" });
    expect("join" in withoutJoin(left, 0)).toBe(false);
  });

  it("say what is missing before they can be saved", () => {
    expect(gapOf(withMatches(ORDERS, 0, [["", "id"]]))).toBe("match");
    expect(gapOf(withMatches(ORDERS, 0, []))).toBe("match");
    expect(gapOf(renamed(ORDERS, 0, "c"))).toBe("name");
    expect(gapOf(renamed(ORDERS, 0, "a b"))).toBe("name");
    expect(gapOf(withLines(ORDERS, { table: "l", on: [["id", "order_id"]], fields: {} }))).toBe("fields");
  });
});

describe("the lines of an order", () => {
  it("change field by field, and keep units", () => {
    const lines = linesOf(ORDERS);
    if (lines === undefined) throw new Error("no lines");
    expect(withLineField(lines, "price", "yuan").fields.price).toEqual({ column: "yuan", unit: "fen" });
    expect(withLineField(lines, "quantity", "qty").fields.quantity).toBe("qty");
    expect("sku_id" in withLineField(lines, "sku_id", undefined).fields).toBe(false);
    expect(withLines(ORDERS, lines)).toEqual(ORDERS);
    expect("lines" in withLines(ORDERS, undefined)).toBe(false);
  });
});
