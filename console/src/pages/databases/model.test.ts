import { expect, test } from "vitest";
import { entriesOf, type Entry, freeName, listOf, reproposed, usesOf, withEntry, withList, withoutEntry, withUses } from "./model";

const ORDERS: Entry = {
  name: "orders",
  table: "sale",
  kind: "order",
  key: "id",
  cursor: ["updated_at", "created_at"],
  ids: { phone: "mobile", member_no: "card" },
  traits: { phone: "mobile" },
  fields: { order_id: { column: ["shop", "no"] }, amount: { column: "fen", unit: "fen" } },
  steps: { placed: "created_at" },
  lines: { table: "line", on: { id: "sale_id" }, fields: { sku_id: "sku" } },
};

test("what a column is taken for is read from all parts", () => {
  const uses = usesOf(ORDERS);
  expect(uses.get("mobile")).toEqual(["ids phone", "traits phone"]);
  expect(uses.get("fen")).toEqual(["fields amount"]);
  expect(uses.get("created_at")).toEqual(["steps placed"]);
  expect([...uses.keys()]).not.toContain("shop");
});

test("taking a column for something else leaves everything else as it was", () => {
  expect(withUses(ORDERS, "mobile", ["ids phone", "traits phone"])).toEqual(ORDERS);
  expect(withUses(ORDERS, "fen", ["fields amount"]).fields).toEqual(ORDERS.fields);
  const changed = withUses(ORDERS, "mobile", ["ids phone"]);
  expect(changed.traits).toBeUndefined();
  expect(changed.ids).toEqual(ORDERS.ids);
  expect(withUses(ORDERS, "paid_at", ["steps paid"]).steps).toEqual({ placed: "created_at", paid: "paid_at" });
  expect(withUses(ORDERS, "created_at", []).steps).toEqual({});
  expect(withUses(ORDERS, "other", ["ids phone"]).ids).toEqual({ phone: "other", member_no: "card" });
});

test("the event of a table may be a column or a word", () => {
  const log: Entry = { name: "log", table: "log", kind: "event", key: "id", event: { column: "type", values: { "1": "order_paid" } }, time: "at", message_id: ["trace"] };
  expect(usesOf(log).get("type")).toEqual(["event"]);
  expect(withUses(log, "type", ["event"])).toEqual(log);
  expect(withUses(log, "type", []).event).toBeUndefined();
  expect(withUses(log, "kind", ["event"]).event).toEqual({ column: "kind" });
  const fixed: Entry = { ...log, event: "signed_in" };
  expect(usesOf(fixed).has("signed_in")).toBe(false);
  expect(withUses(fixed, "at", ["time"]).event).toBe("signed_in");
  expect(withUses(log, "trace", []).message_id).toBeUndefined();
});

test("the columns of an event's number keep their order: another order would be another event", () => {
  const log: Entry = { name: "log", table: "log", kind: "event", key: "id", event: "paid", message_id: ["shop", "no"] };
  expect(withUses(log, "shop", ["message_id", "fields store_id"]).message_id).toEqual(["shop", "no"]);
  expect(withUses(log, "no", ["message_id", "time"]).message_id).toEqual(["shop", "no"]);
  expect(withUses(log, "till", ["message_id"]).message_id).toEqual(["shop", "no", "till"]);
  expect(withUses(log, "shop", []).message_id).toEqual(["no"]);
  expect(withUses({ ...log, message_id: "no" }, "no", ["message_id"]).message_id).toEqual(["no"]);
});

test("keys and cursors are written short where they are one column", () => {
  expect(listOf(ORDERS, "key")).toEqual(["id"]);
  expect(withList(ORDERS, "cursor", ["updated_at"]).cursor).toBe("updated_at");
  expect("cursor" in withList(ORDERS, "cursor", [])).toBe(false);
  expect(withList(ORDERS, "key", ["shop", "no"]).key).toEqual(["shop", "no"]);
});

test("tables are added, changed in place and taken out", () => {
  const settings = { url: "file:x", tables: [ORDERS, { ...ORDERS, name: "b" }, { broken: 1 }] };
  expect(entriesOf(settings).map((one) => one.name)).toEqual(["orders", "b"]);
  expect(entriesOf(withEntry(settings, "orders", { ...ORDERS, name: "c" })).map((one) => one.name)).toEqual(["c", "b"]);
  expect(entriesOf(withEntry(settings, undefined, { ...ORDERS, name: "d" })).map((one) => one.name)).toEqual(["orders", "b", "d"]);
  expect(entriesOf(withoutEntry(settings, "b")).map((one) => one.name)).toEqual(["orders"]);
  expect(freeName(["dbo_sale"], "dbo.sale")).toBe("dbo_sale_2");
});

test("another kind brings another proposal, and keeps what was typed", () => {
  const before: Entry = { name: "sale", table: "sale", kind: "order", key: "id", cursor: "at", steps: { placed: "at" }, ids: { phone: "tel" } };
  const next: Entry = { name: "sale", table: "sale", kind: "profile", key: "id", cursor: "at", time: "at", traits: { name: "who" } };
  expect(reproposed(before, before, next)).toEqual(next);
  const typed: Entry = { ...withList(before, "cursor", []), name: "till", every: 60, steps: {}, ids: { phone: "mobile" } };
  expect(reproposed(typed, before, next)).toEqual({ name: "till", table: "sale", kind: "profile", key: "id", time: "at", traits: { name: "who" }, every: 60, ids: { phone: "mobile" } });
});
