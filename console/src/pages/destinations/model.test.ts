import { describe, expect, it } from "vitest";
import type { JsonObject } from "@/conditions/model";
import { aimed, columnsOf, EMPTY, plain, TARGETS, turned, written } from "./model";

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

describe("an audience for advertisements", () => {
  it("is of members, without columns of its own, and marks nothing", () => {
    const body: JsonObject = { ...EMPTY, what: "members", segments: ["vip"], gone: "mark" };
    const { columns: _columns, ...rest } = body;
    expect(aimed(body, TARGETS.ads)).toEqual({ ...rest, gone: "delete", to: TARGETS.ads });
    expect(aimed(EMPTY, TARGETS.ads)).toMatchObject({ what: "members" });
    expect(aimed(EMPTY, TARGETS.ads)).not.toHaveProperty("columns");
  });

  it("gets columns again when it goes elsewhere", () => {
    expect(aimed(aimed({ ...EMPTY, what: "members", segments: ["vip"] }, TARGETS.ads), TARGETS.folder)).toEqual({ ...EMPTY, what: "members", segments: ["vip"], columns: plain("members") });
    expect(aimed(EMPTY, TARGETS.s3)).toEqual({ ...EMPTY, to: TARGETS.s3 });
  });
});

describe("other rows", () => {
  it("bring their own columns and keep those that go with all", () => {
    const body: JsonObject = { ...EMPTY, segments: ["vip"], columns: [{ id: "customer_id" }, { phone: "identifier.phone" }] };
    expect(turned(body, "orders")).toEqual({ ...EMPTY, what: "orders", columns: [...plain("orders"), { phone: "identifier.phone" }] });
  });
});
