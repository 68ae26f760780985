import { describe, expect, it } from "vitest";
import type { JsonObject } from "@/conditions/model";
import { columnsOf, EMPTY, plain, turned, written } from "./model";

describe("columns of a destination", () => {
  it("are read from a mapping and from pairs, in order", () => {
    expect(columnsOf({ id: "customer_id", since: "since" })).toEqual([
      { name: "id", source: "customer_id" },
      { name: "since", source: "since" },
    ]);
    expect(columnsOf([{ b: "customer_id" }, { a: "since" }]).map((one) => one.name)).toEqual(["b", "a"]);
    expect(columnsOf(undefined)).toEqual([]);
  });

  it("come back as pairs", () => {
    expect(columnsOf(written([{ name: "b", source: "x" }]))).toEqual([{ name: "b", source: "x" }]);
  });
});

describe("other rows", () => {
  it("bring their own columns and keep those that go with all", () => {
    const body: JsonObject = { ...EMPTY, segments: ["vip"], columns: [{ id: "customer_id" }, { phone: "identifier.phone" }] };
    expect(turned(body, "orders")).toEqual({ ...EMPTY, what: "orders", columns: [...plain("orders"), { phone: "identifier.phone" }] });
  });
});
